using Sequoia.Cli;

return await SequoiaCommand.RunAsync(args);
