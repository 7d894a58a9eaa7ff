import type { Frame, Page } from 'playwright-core';
import { decodeBase64 } from '../../src/lib/base64';
import type { Trace } from '../../src/trace/types';

/** Text, because the loader of this script rewrites functions. The modules are DevTools' own, as is the HAR. */
const har = (sanitize: boolean) => `(async () => {
  const { Writer } = await import('./models/har/har.js');
  const { NetworkLog } = await import('./models/logs/logs.js');
  const nobody = { setTitle() {}, setTotalWork() {}, setWorked() {}, incrementWorked() {}, done() {}, createSubProgress() { return this; }, canceled: false };
  let text = '';
  await Writer.Writer.write({ write: async (part) => { text += part; } }, NetworkLog.NetworkLog.instance().requests(), { sanitize: ${sanitize} }, nobody);
  return text;
})()`;

/** What "Export HAR" of the Network panel would save. */
export async function takeHar(devtools: Page, sanitize: boolean): Promise<string> {
  return (await devtools.evaluate(har(sanitize))) as string;
}

const TRACE = `JSON.stringify(window.streamgauge.recording.trace, (key, value) => {
  if (!ArrayBuffer.isView(value)) return value;
  let text = '';
  for (const byte of value) text += String.fromCharCode(byte);
  return { bytes: btoa(text) };
})`;

/** The panel's recording as it stands. Its bytes are of the devtools page's realm; they cross the border as base64. */
export async function takeTrace(panel: Frame): Promise<Trace> {
  const text = (await panel.evaluate(TRACE)) as string;
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'bytes' in value && typeof value.bytes === 'string'
      ? decodeBase64(value.bytes)
      : value,
  ) as Trace;
}

const SETTLE_MS = 1500;
/** A stream that is still open is looked at again each second, so the recording never rests. */
const MAX_LOOKS = 4;

/** Waits until nothing new has come for a while: DevTools tells of a request when it has ended. */
export async function settled(panel: Frame): Promise<void> {
  let revision = -1;
  for (let look = 0; look < MAX_LOOKS; look++) {
    const now = (await panel.evaluate('window.streamgauge.recording.revision')) as number;
    if (now === revision) return;
    revision = now;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
}
