using Sequoia.Cli;
using Sequoia.Interop;
using Sequoia.SoftwareGpu;

CudaDrivers.Register(SoftwareDriver.Driver);
return await SequoiaCommand.RunAsync(args);
