import { RESULT } from './commands/outcome';
import { complain, processTerminal, type Terminal } from './terminal';
import { UnusableArguments, USAGE } from './usage';
import { VERSION } from './version';

/** Runs one command line and returns its exit status (see USAGE). Never throws. */
export async function main(args: string[], terminal: Terminal): Promise<number> {
  const [command, ...rest] = args;
  try {
    if (command !== undefined && rest.some((one) => one === '--help' || one === '-h')) {
      terminal.stdout.write(USAGE);
      return RESULT.fine;
    }
    switch (command) {
      case 'diagnose':
        return await (await import('./commands/diagnose')).diagnoseCommand(rest, terminal);
      case 'record':
        return await (await import('./commands/record')).recordCommand(rest, terminal);
      case 'report':
        return await (await import('./commands/report')).reportCommand(rest, terminal);
      case 'compare':
        return await (await import('./commands/compare')).compareCommand(rest, terminal);
      case 'recipes':
        return (await import('./commands/recipes')).recipesCommand(rest, terminal);
      case '--version':
      case '-v':
        terminal.stdout.write(`streamgauge ${VERSION}\n`);
        return RESULT.fine;
      case undefined:
        terminal.stderr.write(USAGE);
        return RESULT.unusable;
      case 'help':
      case '--help':
      case '-h':
        terminal.stdout.write(USAGE);
        return RESULT.fine;
      default:
        throw new UnusableArguments(
          `There is no command "${command}". Use diagnose, record, report, compare or recipes; streamgauge --help tells more.`,
        );
    }
  } catch (error) {
    complain(terminal, error instanceof Error ? error.message : String(error));
    if (!(error instanceof UnusableArguments) && terminal.env.STREAMGAUGE_DEBUG && error instanceof Error) {
      terminal.stderr.write(`${error.stack}\n`);
    }
    return RESULT.unusable;
  }
}

// A reader that stops early (`streamgauge … | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(RESULT.fine);
  complain(processTerminal(), `Standard output cannot be written: ${error.message}.`);
  process.exit(RESULT.unusable);
});

process.exitCode = await main(process.argv.slice(2), processTerminal());
