using Sequoia.Cli;
using Sequoia.Interop;
using Sequoia.SoftwareGpu;

// Results do not depend on their number.
SoftwareDriver.Options = new LaunchOptions { Threads = Environment.ProcessorCount };
CudaDrivers.Register(SoftwareDriver.Driver);
return await SequoiaCommand.RunAsync(args);
