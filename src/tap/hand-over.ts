import type { TapBatch, TapBye, TapHello } from '../protocol/messages';
import type { Send, Tap } from './install';
import { addListener, apply, attempt, getters, methods, removeListener, safeSet } from './primordials';

/** The one message by which the bridge gets its port. */
export const PORT_MESSAGE = 'streamgauge:port:v1';
/** Event by which a bridge that started after the tap asks for a port. */
export const READY_EVENT = 'streamgauge:ready';
/** Cancelable event by which a tap asks whether another one is here. */
const PRESENT_EVENT = 'streamgauge:present';
/** Ports offered and not taken; more requests than that are not answered. */
const MAX_OFFERS = 4;

const NativeEvent = Event;
const NativeChannel = MessageChannel;
const messagePortMethod = methods('MessagePort');
const post =
  messagePortMethod<(port: unknown, message: unknown, transfer: Transferable[]) => void>('postMessage');
const startPort = messagePortMethod<(port: unknown) => void>('start');
const closePort = messagePortMethod<(port: unknown) => void>('close');
const messageChannelGetter = getters('MessageChannel');
const port1 = messageChannelGetter<MessagePort>('port1');
const port2 = messageChannelGetter<MessagePort>('port2');
const eventData = getters('MessageEvent')<unknown>('data');
const dispatch = methods('EventTarget')<(target: unknown, event: Event) => boolean>('dispatchEvent');
const eventMethod = methods('Event');
const preventDefault = eventMethod<(event: Event) => void>('preventDefault');
const stopImmediately = eventMethod<(event: Event) => void>('stopImmediatePropagation');
const postToWindow = window.postMessage;
const page = document;

/**
 * Installs the tap once and gives its port to the bridge: see README.md for the protocol. The window's capture phase
 * comes before every listener of the page, which therefore never sees the two events.
 */
export function handOver(install: (send: Send, onRestored: () => void) => Tap): void {
  const question = new NativeEvent(PRESENT_EVENT, { cancelable: true });
  if (!dispatch(page, question)) return;

  const offers = safeSet<MessagePort>();
  let offered = 0;
  let taken: MessagePort | null = null;
  /** The offer is still on its way: whoever asks now will get it. */
  let underWay = false;
  const tap = install(send, onRestored);

  function send(message: TapHello | TapBatch | TapBye, transfer: ArrayBuffer[]): void {
    if (taken) post(taken, message, transfer);
  }

  function offer(): void {
    if (taken || underWay || offered >= MAX_OFFERS) return;
    offered++;
    underWay = true;
    const channel = new NativeChannel();
    const mine = port1(channel);
    offers.add(mine);
    addListener(mine, 'message', (event) => attempt(() => onCommand(mine, event), undefined));
    startPort(mine);
    post(mine, tap.hello, []);
    addListener(window, 'message', onDelivered, true);
    apply(postToWindow, window, [PORT_MESSAGE, '*', [port2(channel)]]);
  }

  function onDelivered(event: Event): void {
    if (eventData(event) !== PORT_MESSAGE) return;
    underWay = false;
    removeListener(window, 'message', onDelivered, true);
  }

  function onCommand(mine: MessagePort, event: Event): void {
    if (!taken) {
      taken = mine;
      offers.delete(mine);
      offers.forEach(closePort);
      offers.clear();
    }
    if (taken === mine) tap.command(eventData(event));
  }

  function onReady(event: Event): void {
    stopImmediately(event);
    attempt(offer);
  }

  function onPresent(event: Event): void {
    stopImmediately(event);
    preventDefault(event);
  }

  function onRestored(): void {
    removeListener(window, READY_EVENT, onReady, true);
    removeListener(window, PRESENT_EVENT, onPresent, true);
    removeListener(window, 'message', onDelivered, true);
    if (taken) closePort(taken);
    offers.forEach(closePort);
    offered = MAX_OFFERS;
  }

  addListener(window, READY_EVENT, onReady, true);
  addListener(window, PRESENT_EVENT, onPresent, true);
  offer();
}
