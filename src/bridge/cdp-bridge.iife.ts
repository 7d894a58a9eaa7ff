import { fromJson, toJson } from '../protocol/json';
import type { TapCommand } from '../protocol/messages';
import { DEFAULT_CONFIG } from '../protocol/ports';
import { receivePort } from './hand-over';
import { TapLink } from './tap-link';

/** Added by the recorder with `Runtime.addBinding`, in this world only. */
declare const streamgaugeSend: (json: string) => void;

declare global {
  /** Called by the recorder with a `TapCommand` as JSON. */
  var streamgaugeReceive: (json: string) => void;
}

let tap: TapLink | null = null;
const waiting: TapCommand[] = [];

globalThis.streamgaugeReceive = (json) => {
  const command = fromJson(JSON.parse(json)) as TapCommand;
  if (tap) tap.command(command);
  else waiting.push(command);
};

receivePort((port) => {
  const link = new TapLink(port, (message) => {
    try {
      streamgaugeSend(JSON.stringify(toJson(message)));
    } catch {
      // What cannot be written as JSON was not sent by a tap.
    }
  });
  tap = link;
  link.command(DEFAULT_CONFIG);
  for (const command of waiting.splice(0)) link.command(command);
});
