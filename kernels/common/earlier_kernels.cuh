// Programmatic dependent launch, from compute capability 9.0 on: kernels of a pass are launched so that their blocks may start while the kernel before
// still runs (KernelVariant.IsDependent; a user's kernel is launched as usual). Until a kernel has waited, it must not read what any earlier kernel of
// the step writes, and not write; weights may be read.
#pragma once

// Lets the next kernel start, as soon as all blocks of this one have come here: its blocks take room that this kernel's do not need.
__device__ inline void let_next_kernel_start()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// Returns when the kernels before this one have ended, and all that they wrote is visible.
__device__ inline void wait_for_earlier_kernels()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
