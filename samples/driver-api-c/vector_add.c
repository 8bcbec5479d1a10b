/* Adds two vectors with CUDA's driver API, and reads behind their end when asked to (argument "overrun"), to see what
 * the driver says. Declares what it calls itself: cuda.h comes with the toolkit only. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef void *CUcontext, *CUmodule, *CUfunction, *CUstream;

int cuInit(unsigned flags);
int cuDeviceGet(CUdevice *device, int ordinal);
int cuDeviceGetName(char *name, int bytes, CUdevice device);
int cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device);
int cuCtxDestroy_v2(CUcontext context);
int cuCtxSynchronize(void);
int cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes);
int cuMemFree_v2(CUdeviceptr pointer);
int cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes);
int cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes);
int cuModuleLoadData(CUmodule *module, const void *image);
int cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name);
int cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                   unsigned block_z, unsigned shared_bytes, CUstream stream, void **parameters, void **extra);
int cuGetErrorName(int error, const char **name);

static const char *const ptx =
    ".version 7.0\n"
    ".target sm_75\n"
    ".address_size 64\n"
    ".visible .entry vector_add(.param .u64 a, .param .u64 b, .param .u64 sum, .param .u32 count)\n"
    "{\n"
    "    .reg .pred %p<2>;\n"
    "    .reg .b32 %r<6>;\n"
    "    .reg .f32 %f<4>;\n"
    "    .reg .b64 %d<11>;\n"
    "    ld.param.u64 %d1, [a];\n"
    "    ld.param.u64 %d2, [b];\n"
    "    ld.param.u64 %d3, [sum];\n"
    "    ld.param.u32 %r1, [count];\n"
    "    mov.u32 %r2, %ctaid.x;\n"
    "    mov.u32 %r3, %ntid.x;\n"
    "    mov.u32 %r4, %tid.x;\n"
    "    mad.lo.s32 %r5, %r2, %r3, %r4;\n"
    "    setp.ge.s32 %p1, %r5, %r1;\n"
    "    @%p1 bra DONE;\n"
    "    cvta.to.global.u64 %d4, %d1;\n"
    "    cvta.to.global.u64 %d5, %d2;\n"
    "    cvta.to.global.u64 %d6, %d3;\n"
    "    mul.wide.s32 %d7, %r5, 4;\n"
    "    add.s64 %d8, %d4, %d7;\n"
    "    add.s64 %d9, %d5, %d7;\n"
    "    add.s64 %d10, %d6, %d7;\n"
    "    ld.global.f32 %f1, [%d8];\n"
    "    ld.global.f32 %f2, [%d9];\n"
    "    add.f32 %f3, %f1, %f2;\n"
    "    st.global.f32 [%d10], %f3;\n"
    "DONE:\n"
    "    ret;\n"
    "}\n";

static int check(int result, const char *call)
{
    const char *name = NULL;
    if (result != 0) {
        cuGetErrorName(result, &name);
        printf("%s: %s (%d)\n", call, name ? name : "?", result);
    }
    return result;
}

#define TRY(call) do { if (check(call, #call)) return 1; } while (0)

int main(int argc, char **argv)
{
    enum { count = 1000 };
    static float a[count], b[count], sum[count];
    /* Past the end, and past the padding that allocations have behind it. */
    int threads = argc > 1 && strcmp(argv[1], "overrun") == 0 ? count + 256 : count;
    char device_name[100];
    CUdevice device;
    CUcontext context;
    CUmodule module;
    CUfunction kernel;
    CUdeviceptr on_device[3];

    TRY(cuInit(0));
    TRY(cuDeviceGet(&device, 0));
    TRY(cuDeviceGetName(device_name, sizeof device_name, device));
    TRY(cuCtxCreate_v2(&context, 0, device));
    TRY(cuModuleLoadData(&module, ptx));
    TRY(cuModuleGetFunction(&kernel, module, "vector_add"));
    for (int i = 0; i < count; i++) {
        a[i] = (float)i;
        b[i] = 0.5f * (float)i;
    }
    for (int i = 0; i < 3; i++)
        TRY(cuMemAlloc_v2(&on_device[i], sizeof a));
    TRY(cuMemcpyHtoD_v2(on_device[0], a, sizeof a));
    TRY(cuMemcpyHtoD_v2(on_device[1], b, sizeof b));
    void *parameters[] = {&on_device[0], &on_device[1], &on_device[2], &threads};
    TRY(cuLaunchKernel(kernel, (unsigned)(threads + 127) / 128, 1, 1, 128, 1, 1, 0, NULL, parameters, NULL));
    TRY(cuCtxSynchronize());
    TRY(cuMemcpyDtoH_v2(sum, on_device[2], sizeof sum));
    for (int i = 0; i < count; i++) {
        if (sum[i] != a[i] + b[i]) {
            printf("sum %d is %g instead of %g\n", i, sum[i], a[i] + b[i]);
            return 1;
        }
    }
    for (int i = 0; i < 3; i++)
        TRY(cuMemFree_v2(on_device[i]));
    TRY(cuCtxDestroy_v2(context));
    printf("%d sums are right on %s\n", count, device_name);
    return 0;
}
