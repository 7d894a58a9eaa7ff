import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UnusableArguments } from './usage';

/** `util.parseArgs` with our error: one line that says what is wrong and where to look. */
export function parseCommand<Config extends ParseArgsConfig>(
  command: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new UnusableArguments(
      `${command}: ${message.replace(/\.? To specify a positional.*$/, '')}. streamgauge --help lists the options.`.replace(
        '..',
        '.',
      ),
    );
  }
}

/** "30s", "1500ms", "2m", "1m30s" or a bare number of seconds → ms. */
export function parseDuration(text: string, option: string): number {
  const match = /^(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s?)?$/.exec(text) ?? null;
  const milliseconds = /^(\d+)ms$/.exec(text);
  const value = milliseconds
    ? Number(milliseconds[1])
    : match && text
      ? Number(match[1] ?? 0) * 60_000 + Number(match[2] ?? 0) * 1000
      : Number.NaN;
  if (!Number.isFinite(value) || value <= 0 || value > 24 * 3600_000) {
    throw new UnusableArguments(`${option} takes a time such as 30s, 1500ms or 2m, not "${text}".`);
  }
  return value;
}

/** "Name: value" → its parts, by the grammar of RFC 9110, section 5. */
export function parseHeader(text: string): [name: string, value: string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)$/.exec(text);
  if (!match) {
    throw new UnusableArguments(`--header takes 'Name: value', not "${text.slice(0, 80)}".`);
  }
  return [match[1] ?? '', (match[2] ?? '').trim()];
}
