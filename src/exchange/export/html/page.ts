import { sha256 } from '@noble/hashes/sha2.js';
import { encodeBase64 } from '../../../lib/base64';
import { encodeUtf8 } from '../../../lib/text';
import { html, jsonText, type Markup, trusted } from './markup';
import type { PlotData } from './plot';
import script from './report-script.js?raw';
import { STYLE } from './report-style';

/**
 * A saved page up to its main part, `header` included. Its policy allows its own script and style sheet, by their hashes,
 * and nothing else: no request can leave it.
 */
export function pageStart(title: string, header: Markup): Markup {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(STYLE)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  // The policy stands before anything that it is to govern.
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>${title}</title><style>${trusted(STYLE)}</style></head><body>${header}<main>`;
}

/** The rest: the plots that figures with `data-plot` name by their index, and the script that brings them to life. */
export function pageEnd(plots: readonly PlotData[]): Markup {
  return html`</main><script type="application/json" id="plots">${jsonText(plots)}</script><script>${trusted(script)}</script></body></html>`;
}

/** What a page says about the secrets of what it shows. */
export function secretsSentence(redact: boolean): string {
  return redact
    ? 'Secrets are taken out; equal fingerprints stand for equal values.'
    : 'Secrets are NOT taken out.';
}

/** "2026-11-21 14:03:12 UTC" */
export function utcTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}

/** As Content Security Policy wants it. */
function hashOf(text: string): string {
  return `sha256-${encodeBase64(sha256(encodeUtf8(text)))}`;
}
