import type { StreamRecord } from '../../trace/types';

export interface CookieRow {
  name: string;
  value: string;
  direction: 'sent' | 'set' | 'withheld' | 'refused';
  /** Attributes of Set-Cookie, or the browser's reasons. */
  note: string;
}

/** Cookies of one exchange as its headers show them, with what the browser refused to send or keep. */
export function cookieRows(stream: StreamRecord): CookieRow[] {
  const rows: CookieRow[] = [];
  for (const [name, value] of stream.request.headers) {
    if (name.toLowerCase() !== 'cookie') continue;
    for (const part of value.split(';')) {
      const [cookie, content] = splitPair(part);
      if (cookie) rows.push({ name: cookie, value: content, direction: 'sent', note: '' });
    }
  }
  for (const refusal of stream.request.withheldCookies) {
    rows.push({ name: refusal.name, value: '', direction: 'withheld', note: refusal.reasons.join(', ') });
  }
  const refused = new Map(stream.response?.refusedCookies.map((one) => [one.name, one.reasons.join(', ')]));
  for (const [name, value] of stream.response?.headers ?? []) {
    if (name.toLowerCase() !== 'set-cookie') continue;
    // Chromium joins repeated Set-Cookie headers by line breaks in some of its views.
    for (const line of value.split('\n')) {
      const [first = '', ...attributes] = line.split(';');
      const [cookie, content] = splitPair(first);
      if (!cookie) continue;
      const reason = refused.get(cookie);
      rows.push({
        name: cookie,
        value: content,
        direction: reason === undefined ? 'set' : 'refused',
        note: reason ?? attributes.map((one) => one.trim()).join('; '),
      });
    }
  }
  return rows;
}

function splitPair(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
