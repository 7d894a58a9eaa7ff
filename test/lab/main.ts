import { startLab } from './lab.ts';

// `npm run lab`: the lab alone, for a browser of one's own. Names end in .localhost, which browsers resolve by themselves.

const lab = await startLab({ hosts: 'localhost' });
for (const sentence of lab.missing) process.stdout.write(`${sentence} Its scenarios cannot be run.\n`);
process.stdout.write(`The lab is at ${lab.url}. Ctrl-C ends it.

Scenarios over TLS need a browser that accepts the lab's own certificate; Chromium does with
  ${lab.chromiumArgs.at(-1)}
`);
process.once('SIGINT', () => void lab.stop());
process.once('SIGTERM', () => void lab.stop());
