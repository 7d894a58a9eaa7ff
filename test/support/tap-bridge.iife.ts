import { receivePort } from '../../src/bridge/hand-over';
import { TapLink } from '../../src/bridge/tap-link';
import type { TapBatch, TapCommand } from '../../src/protocol/messages';
import type { PlainBatch, TapBridgeOptions } from './tap-page';

declare const streamgaugeTapped: (json: string) => void;
declare global {
  var startTapBridge: (options: TapBridgeOptions) => void;
  var stopTapBridge: (() => void) | undefined;
  var commandTap: (command: TapCommand) => void;
}

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** A batch without typed arrays. */
function plain(batch: TapBatch): PlainBatch {
  const { chunks, messages } = batch;
  let at = 0;
  const payload = (bytes: Uint8Array, length: number): string => {
    at += length;
    return latin1(bytes.subarray(at - length, at));
  };
  const plainChunks = Array.from(chunks?.stream ?? [], (stream, i) => ({
    stream,
    atMs: chunks!.atMs[i]!,
    waitedMs: chunks!.waitedMs[i]!,
    byteLength: chunks!.byteLength[i]!,
    payload: payload(chunks!.bytes, chunks!.payloadLength[i]!),
  }));
  at = 0;
  const plainMessages = Array.from(messages?.stream ?? [], (stream, i) => ({
    stream,
    atMs: messages!.atMs[i]!,
    byteLength: messages!.byteLength[i]!,
    sent: messages!.direction[i] === 1,
    opcode: messages!.opcode[i]!,
    name: messages!.name[i]!,
    lastEventId: messages!.lastEventId[i]!,
    text: messages!.text[i]!,
    payload: payload(messages!.bytes, messages!.payloadLength[i]!),
  }));
  const blocked = Array.from(batch.blockedStartMs, (start, i): [number, number] => [
    start,
    batch.blockedDurationMs[i]!,
  ]);
  return { ...batch, chunks: plainChunks, messages: plainMessages, blocked };
}

globalThis.startTapBridge = (options) => {
  // Leaves the page to a newer bridge, as the extension's own does.
  globalThis.stopTapBridge?.();
  globalThis.stopTapBridge = receivePort((port) => {
    const link = new TapLink(port, (message) => {
      const isBatch = (message as { type: string }).type === 'batch';
      streamgaugeTapped(JSON.stringify(isBatch ? plain(message as TapBatch) : message));
      if (isBatch && options.refill !== false) link.command({ type: 'credit', batches: 1 });
    });
    if (options.config) link.command({ type: 'config', ...options.config });
    link.command({ type: 'credit', batches: options.credit ?? 8 });
    globalThis.commandTap = (command) => link.command(command);
  });
};
