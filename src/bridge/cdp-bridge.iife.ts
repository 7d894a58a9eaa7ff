import { fromJson, toJson } from '../protocol/json';
import type { TapCommand } from '../protocol/messages';
import { DEFAULT_CONFIG } from '../protocol/ports';
import { receivePort } from './hand-over';

/** Added by the recorder with `Runtime.addBinding`, in this world only. */
declare const streamgaugeSend: (json: string) => void;

declare global {
  /** Called by the recorder with a `TapCommand` as JSON. */
  var streamgaugeReceive: (json: string) => void;
}

let tap: MessagePort | null = null;
const waiting: TapCommand[] = [];

globalThis.streamgaugeReceive = (json) => {
  const command = fromJson(JSON.parse(json)) as TapCommand;
  if (tap) tap.postMessage(command);
  else waiting.push(command);
};

receivePort((port) => {
  tap = port;
  port.onmessage = ({ data }) => {
    try {
      streamgaugeSend(JSON.stringify(toJson(data)));
    } catch {
      // What cannot be written as JSON was not sent by a tap.
    }
  };
  port.postMessage(DEFAULT_CONFIG);
  for (const command of waiting.splice(0)) port.postMessage(command);
});
