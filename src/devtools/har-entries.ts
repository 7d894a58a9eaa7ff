import { parseHarEntry } from '../exchange/import/har-entry';
import type { HarView } from '../trace/views';

/** Bodies above this are not fetched from DevTools: no rule reads that far. */
const MAX_CONTENT_BYTES = 1024 * 1024;
/** DevTools answers at once or, when the page is gone, perhaps never. */
const CONTENT_WITHIN_MS = 2000;

/** The part of a finished request of `chrome.devtools.network` that is used here. */
export interface FinishedRequest {
  getContent(callback: (content: string, encoding: string) => void): void;
}

/** Reads one finished request, with its body when that is worth it. Null: not an exchange, or not readable. */
export async function readFinishedRequest(request: FinishedRequest): Promise<HarView | null> {
  const view = parseHarEntry(request);
  if ('problem' in view || view.kind === 'other') return null;
  if (view.kind === 'websocket' || view.contentText || view.contentSize > MAX_CONTENT_BYTES) return view;
  const content = await contentOf(request);
  if (!content || content.text.length > 2 * MAX_CONTENT_BYTES) return view;
  return { ...view, contentText: content.text, contentIsBase64: content.isBase64 };
}

function contentOf(request: FinishedRequest): Promise<{ text: string; isBase64: boolean } | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), CONTENT_WITHIN_MS);
    request.getContent((text, encoding) => {
      clearTimeout(timer);
      resolve(text ? { text, isBase64: encoding === 'base64' } : null);
    });
  });
}
