import type { TapEnd, TapHead, TapStart } from '../../protocol/messages';
import type { HarView, NetworkView } from '../../trace/views';

/** One stream as the tap saw it, times turned into Unix epoch ms. */
export interface TapSide {
  /** Key of its document (browser's document id, DevTools-protocol frame id); null when unknown. */
  frameKey: string | null;
  /** An `about:` document: the browser may book its requests on the document that made it. */
  borrowsFrame: boolean;
  start: TapStart;
  startedEpochMs: number;
  head: TapHead | null;
  headEpochMs: number | null;
  end: TapEnd | null;
  endEpochMs: number | null;
  /** Body bytes it watched, all chunks together. */
  byteLength: number;
  /** First captured bytes of the body; stops at the first gap. */
  sample: Uint8Array[];
  sampleLength: number;
  /** First received texts of an EventSource or WebSocket. */
  texts: string[];
}

/** One request as the network saw it: webRequest or the DevTools protocol while it runs, HAR when it is over. */
export interface WireSide {
  network: NetworkView | null;
  har: HarView | null;
  /** When the first view of it came, on the recorder's clock. */
  firstSeenEpochMs: number;
  /** Grows with every change of a view. */
  revision: number;
}

/** Bytes of the beginning of a body that are kept to tell answers apart. */
export const SAMPLE_BYTES = 2048;
/** Texts of an EventSource or WebSocket that are kept for the same. */
export const SAMPLE_TEXTS = 8;

/** `fetch`, XHR and EventSource requests look alike on the network side until HAR names them. */
export type KindGroup = 'request' | 'websocket' | 'document';

export function groupOf(kind: NetworkView['kind']): KindGroup {
  if (kind === 'websocket' || kind === 'document') return kind;
  return 'request';
}

/** What both sides must share before anything else is looked at. */
export function poolKey(group: KindGroup, method: string, url: string): string {
  return `${group} ${method.toUpperCase()} ${withoutFragment(url)}`;
}

export function withoutFragment(url: string): string {
  const hash = url.indexOf('#');
  return hash < 0 ? url : url.slice(0, hash);
}

export function wireStart(wire: WireSide): number {
  return wire.network?.startedEpochMs ?? wire.har!.startedEpochMs;
}

export function wireEnd(wire: WireSide): number | null {
  return wire.network?.endedEpochMs ?? wire.har?.endedEpochMs ?? null;
}

/** When the network side had the response headers; null while it has none. */
export function wireHeaders(wire: WireSide): number | null {
  if (wire.network?.headersEpochMs != null) return wire.network.headersEpochMs;
  const phases = wire.har?.phases;
  if (!wire.har || !phases || phases.waitMs === null) return null;
  const { blockedMs, dnsMs, connectMs, sendMs, waitMs } = phases;
  return (
    wire.har.startedEpochMs + (blockedMs ?? 0) + (dnsMs ?? 0) + (connectMs ?? 0) + (sendMs ?? 0) + waitMs
  );
}
