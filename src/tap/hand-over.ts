import { PORT_MESSAGE, READY_EVENT } from '../protocol/ports';
import { patchEventSource } from './event-source';
import { patchFetch } from './fetch';
import {
  addListener,
  apply,
  attempt,
  dispatch,
  eventData,
  getters,
  methods,
  now,
  ownValue,
  removeListener,
} from './natives';
import { restorePatches } from './patches';
import { addCredit, configure, deliveries, startRecorder, stopRecorder } from './recorder';
import { patchWebSocket } from './web-socket';
import { patchXhr } from './xhr';

/** Ports offered and not taken; more requests than that are not answered. */
const MAX_OFFERS = 4;

const NativeChannel = MessageChannel;
const [post, startPort, closePort] = methods<
  [
    (port: unknown, message: unknown, transfer: Transferable[]) => void,
    (port: unknown) => void,
    (port: unknown) => void,
  ]
>('MessagePort', 'postMessage start close');
const [port1, port2] = getters<[MessagePort, MessagePort]>('MessageChannel', 'port1 port2');
const [preventDefault, stopImmediately] = methods<[(event: Event) => void, (event: Event) => void]>(
  'Event',
  'preventDefault stopImmediatePropagation',
);
const postToWindow = window.postMessage;

let offered = 0;
let taken: MessagePort | undefined;

/**
 * Patches the page once, and gives the port to the bridge: see README.md for the protocol. The window's capture phase
 * comes before every listener of the page, which therefore never sees the event.
 */
export function handOver(): void {
  // Cancelable: a tap that is here already says so.
  if (!dispatch(document, new Event(READY_EVENT, { cancelable: true }))) return;
  const hello = [
    now(),
    // Scripts of the page may have run before. At document_start there is no script element yet and the document is
    // loading, except for the first about:blank of a frame, which is complete and empty from the beginning.
    document.scripts.length > 0 || (document.readyState !== 'loading' && !!document.body?.firstChild),
  ];
  startRecorder((message, transfer) => taken && post(taken, message, transfer));
  patchFetch();
  patchXhr();
  patchWebSocket();
  patchEventSource();

  const offer = () => {
    if (taken || ++offered > MAX_OFFERS) return;
    const channel = new NativeChannel();
    const mine = port1(channel);
    addListener(mine, 'message', (event) =>
      attempt(() => {
        taken ??= mine;
        if (taken === mine) obey(eventData(event));
      }),
    );
    startPort(mine);
    post(mine, hello, []);
    // '*', because about:blank, srcdoc and sandboxed frames have opaque origins.
    apply(postToWindow, window, [PORT_MESSAGE, '*', [port2(channel)]]);
  };

  const onReady = (event: Event) => {
    stopImmediately(event);
    preventDefault(event);
    attempt(offer);
  };

  /** Obeys a collector; anything that is not a command is ignored. */
  const obey = (command: unknown) => {
    const told = (key: string) => ownValue(command, key);
    const type = told('type');
    if (type === 'credit') addCredit(told('batches'));
    else if (type === 'config') configure(told('maxChunkPayloadBytes'), told('maxStreamPayloadBytes'));
    else if (type === 'delivered')
      deliveries[told('stream') as number]?.(
        told('atMs') as number,
        told('byteLength') as number,
        told('unread') as boolean,
      );
    else if (type === 'restore') {
      restorePatches();
      stopRecorder();
      removeListener(window, READY_EVENT, onReady, true);
      closePort(taken);
    }
  };

  addListener(window, READY_EVENT, onReady, true);
  offer();
}
