import { getOwnPropertyDescriptor, getPrototypeOf, getters, hasOwn, ownValue } from './primordials';
import { shorten, tryGet } from './request';

const exceptionGetter = getters('DOMException');
const exceptionName = exceptionGetter<string>('name');
const exceptionMessage = exceptionGetter<string>('message');

/** The name of an error ("TypeError", "AbortError"), without running a getter of the page's. */
export function errorName(error: unknown): string {
  const native = tryGet(exceptionName, error);
  if (native !== null) return native;
  let holder: unknown = error;
  for (let depth = 0; depth < 5 && typeof holder === 'object' && holder !== null; depth++) {
    const descriptor = getOwnPropertyDescriptor(holder, 'name');
    if (descriptor) {
      const name: unknown = hasOwn(descriptor, 'value') ? descriptor.value : null;
      return typeof name === 'string' ? shorten(name) : '';
    }
    holder = getPrototypeOf(holder);
  }
  return '';
}

/** "TypeError: network error"; null for what is no error object. */
export function errorText(error: unknown): string | null {
  const name = errorName(error);
  const message = tryGet(exceptionMessage, error) ?? ownValue(error, 'message');
  if (typeof message !== 'string') return name || null;
  return name ? `${name}: ${shorten(message)}` : shorten(message);
}
