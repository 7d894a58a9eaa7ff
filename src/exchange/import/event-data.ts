import { createParser, type EventSourceMessage } from 'eventsource-parser';

/**
 * The data of events whose writer noted their times and names only: Chrome's default export ("sanitized") leaves the
 * data out and keeps the body. The body's events are counted from the end, since whoever starts to listen late misses
 * the first ones. `names`: event names as noted. Null where the body does not say, or says something else.
 */
export function eventDataFromBody(names: readonly string[], body: string): (string | null)[] {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  parser.feed(body.replace(/^\ufeff/, ''));
  const offset = events.length - names.length;
  return names.map((name, index) => {
    const event = events[index + offset];
    return event && (event.event || 'message') === name ? event.data : null;
  });
}
