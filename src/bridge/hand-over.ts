import { PORT_MESSAGE, READY_EVENT } from '../protocol/ports';

/**
 * Waits for the tap's port. Tap and bridge both start with the document, in either order: a tap that is earlier posts
 * again when the bridge says that it is there. The first port wins; every message of this name is kept from the page.
 * Returns the way to stop.
 */
export function receivePort(onPort: (port: MessagePort) => void): () => void {
  let taken = false;
  const onMessage = (event: MessageEvent): void => {
    if (event.source !== window || event.data !== PORT_MESSAGE) return;
    event.stopImmediatePropagation();
    const [port] = event.ports;
    if (taken || event.ports.length !== 1 || !port) return;
    taken = true;
    onPort(port);
  };
  window.addEventListener('message', onMessage, true);
  document.dispatchEvent(new Event(READY_EVENT));
  return () => window.removeEventListener('message', onMessage, true);
}
