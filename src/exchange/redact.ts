import type { Header, StreamRecord, Trace } from '../trace/types';
import type { SecretKind } from './redaction/find-secrets';
import { type RedactionOptions, Redactor } from './redaction/redactor';

/**
 * Takes secrets out of what leaves the machine. A secret becomes `‹redacted:1f3a09cc›`: a fingerprint, so that two equal
 * values can still be seen to be equal (which affinity cookie came back) without telling what they were. In captured bytes,
 * whose number is evidence, it becomes as many characters: `redacted:1f3a09cc***`.
 *
 * Known by names, by shapes that hardly anything but a secret has, and, in a whole recording, by having been recognised in
 * another place. This is a net with holes: a secret that looks like any other word, and that nothing names, stays.
 */
export type { RedactionOptions };
export { Redactor };

/** A redactor that knows the secrets of this trace. */
export function redactorFor(trace: Trace, options: RedactionOptions = {}): Redactor {
  return new Redactor(options).learn(...trace.streams);
}

/** A copy of the trace without secrets; the trace itself is not changed. Times, sizes and counts stay. */
export function redactTrace(trace: Trace, options: RedactionOptions = {}): Trace {
  return redactorFor(trace, options).trace(trace);
}

export function redactStream(stream: StreamRecord, options: RedactionOptions = {}): StreamRecord {
  return new Redactor(options).learn(stream).stream(stream);
}

const plain = new Redactor();

/** What stands for a secret when no export is under way. */
export function redacted(secret: string): string {
  return plain.mark(secret);
}

/** Text with everything in it that has the name or the shape of a secret taken out. */
export function redactText(text: string): string {
  return plain.text(text);
}

/** An address without password and without the values of secret-looking parameters. */
export function redactUrl(url: string): string {
  return plain.url(url);
}

/** A header without its secret. Names of cookies, their attributes, and schemes of authorization stay. */
export function redactHeader(header: Header): Header {
  return plain.header(header);
}

/** One secret that an export will take out, wherever it stands in that kind of place. */
export interface RedactionItem {
  kind: SecretKind;
  /** "request header cookie: AWSALB", "response body", "address parameter token". */
  place: string;
  /** How often it stands there. */
  count: number;
  /** As it will be in the file, when the export has the same salt. Equal secrets have equal fingerprints. */
  fingerprint: string;
}

export interface RedactionPreview {
  /** The most frequent first; at most `MAX_PREVIEW_ITEMS`. */
  items: RedactionItem[];
  /** Secrets taken out in all, those of items that are not listed included. */
  total: number;
  /** Items that are not listed. */
  more: number;
}

export const MAX_PREVIEW_ITEMS = 1000;

/** What an export of this trace with these options will take out, to show before it is made. */
export function redactionPreview(trace: Trace, options: RedactionOptions = {}): RedactionPreview {
  const redactor = redactorFor(trace, options);
  return previewOf(redactor, () => {
    redactor.head(trace);
    // One after the other: a copy of the whole is not needed.
    for (const stream of trace.streams) redactor.stream(stream);
  });
}

/** What `run` takes out by this redactor. */
export function previewOf(redactor: Redactor, run: () => void): RedactionPreview {
  const items = new Map<string, RedactionItem>();
  let total = 0;
  const onSecret = ({ kind, place, secret }: { kind: SecretKind; place: string; secret: string }) => {
    total++;
    const fingerprint = redactor.fingerprint(secret);
    const key = `${kind}\n${place}\n${fingerprint}`;
    const item = items.get(key);
    if (item) item.count++;
    else items.set(key, { kind, place, count: 1, fingerprint });
  };
  redactor.watch(onSecret, run);
  const sorted = [...items.values()].sort((one, other) => other.count - one.count);
  return {
    items: sorted.slice(0, MAX_PREVIEW_ITEMS),
    total,
    more: Math.max(0, sorted.length - MAX_PREVIEW_ITEMS),
  };
}
