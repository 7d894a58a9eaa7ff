import { decodeBase64 } from '../../lib/base64';
import { concatBytes } from '../../lib/bytes';
import { decodeUtf8 } from '../../lib/text';
import type { BodyText, ChunkColumns, Header, MessageColumns, StreamRecord, Trace } from '../../trace/types';
import { findSecrets, type SecretKind, type SecretSpan, tidy, unescaped } from './find-secrets';
import { type Fingerprint, fingerprinter, MARK } from './fingerprint';
import { JsonPaths } from './json-paths';
import { binary, KnownSecrets } from './known-secrets';
import { isSecretHeader, isSecretParameter } from './secret-names';

export interface RedactionOptions {
  /** Random text of one export; see `fingerprinter`. Without it fingerprints are short and the same everywhere. */
  salt?: string | undefined;
  /** Values in JSON texts that go whatever they look like; see `JsonPaths`. */
  paths?: readonly string[] | undefined;
}

/** One secret that was taken out. */
export interface FoundSecret {
  kind: SecretKind;
  /** "request header cookie: AWSALB", "response body", "address parameter token". */
  place: string;
  secret: string;
}

type Replace = (secret: string) => string;

const WHOLE_MARK = new RegExp(`^(?:${MARK.source}|redacted:[0-9a-f]{4,8}\\**|\\*+|9{4,})$`);
const BARE_NUMBER = /^-?\d[\d.eE+-]*$/;

/**
 * Takes secrets out of one recording. First `learn` what its secrets are; then each of them is found everywhere, also where
 * neither its name nor its shape gives it away.
 */
export class Redactor {
  readonly #fingerprint: Fingerprint;
  readonly #paths: JsonPaths;
  readonly #known = new KnownSecrets();
  /** What the first look at a stream's bytes found, for the second. */
  readonly #seen = new WeakMap<object, SecretSpan[]>();
  #onSecret: ((found: FoundSecret) => void) | null = null;

  constructor({ salt = '', paths = [] }: RedactionOptions = {}) {
    this.#fingerprint = fingerprinter(salt);
    this.#paths = new JsonPaths(paths);
  }

  /** Remembers the secrets of a trace or of one stream. Returns itself. */
  learn(...streams: readonly StreamRecord[]): this {
    this.#onSecret = ({ secret, kind }) => this.#known.learn(secret, kind);
    for (const stream of streams) this.stream(stream);
    this.#onSecret = null;
    return this;
  }

  /** The same of headers and addresses only, which is quick: bodies are not read. Returns itself. */
  learnHeaders(...streams: readonly StreamRecord[]): this {
    this.#onSecret = ({ secret, kind }) => this.#known.learn(secret, kind);
    for (const { request, response } of streams) {
      this.url(request.url);
      for (const header of [...request.headers, ...(response?.headers ?? [])]) this.header(header);
    }
    this.#onSecret = null;
    return this;
  }

  /** Calls `onSecret` for everything that `run` takes out. */
  watch(onSecret: (found: FoundSecret) => void, run: () => void): void {
    this.#onSecret = onSecret;
    run();
    this.#onSecret = null;
  }

  fingerprint(secret: string): string {
    return this.#fingerprint(secret);
  }

  /** What stands for a secret in text: equal secrets are still seen to be equal. */
  mark(secret: string): string {
    return WHOLE_MARK.test(secret) ? secret : `‹redacted:${this.#fingerprint(secret)}›`;
  }

  text(text: string, place = 'text'): string {
    return this.#replaceIn(text, place, (secret) => this.mark(secret));
  }

  #replaceIn(text: string, place: string, replace: Replace): string {
    return this.#replaceSpans(text, findSecrets(text), place, replace);
  }

  #replaceSpans(text: string, found: readonly SecretSpan[], place: string, replace: Replace): string {
    const spans = tidy([...found, ...this.#known.find(text), ...this.#paths.find(text)]);
    if (spans.length === 0) return text;
    let out = '';
    let from = 0;
    for (const span of spans) {
      const secret = text.slice(span.start, span.end);
      if (WHOLE_MARK.test(secret)) continue;
      out += text.slice(from, span.start) + this.#masked(text, span, secret, replace);
      from = span.end;
      this.#note(span.kind, place, secret);
    }
    return out + text.slice(from);
  }

  #masked(text: string, { start, kind }: SecretSpan, secret: string, replace: Replace): string {
    // A number of JSON must stay one.
    const isByName = kind === 'secret by its name' || kind === 'chosen path';
    const before = text[start - 1];
    if (isByName && BARE_NUMBER.test(secret) && before !== '"' && before !== "'" && before !== '=')
      return secret.replace(/\d/g, '9');
    return replace(secret);
  }

  #note(kind: SecretKind, place: string, secret: string): void {
    this.#onSecret?.({ kind, place, secret });
  }

  #hide(secret: string, kind: SecretKind, place: string): string {
    if (secret === '' || WHOLE_MARK.test(secret)) return secret;
    this.#note(kind, place, secret);
    return this.mark(secret);
  }

  /** An address without password and without the values of secret-looking parameters. */
  url(url: string, place = 'address'): string {
    const at = url.search(/[?#]/);
    const base = at === -1 ? url : url.slice(0, at);
    const plainBase = base.replace(
      /^([a-z][a-z0-9+.-]*:\/\/)([^/@]*)@/i,
      (_, scheme: string, user: string) => {
        const [name = '', password] = split(user, ':');
        if (password === undefined) return `${scheme}${name}@`;
        return `${scheme}${name}:${this.#hide(password, 'password in an address', place)}@`;
      },
    );
    const shownBase = this.text(plainBase, place);
    if (at === -1) return shownBase;
    const rest = url.slice(at).replace(/([?&#])([^?&#]*)/g, (_, mark: string, parameter: string) => {
      const [name = '', value] = split(parameter, '=');
      const plainName = unescaped(name);
      return value !== undefined && isSecretParameter(plainName)
        ? `${mark}${name}=${this.#hide(value, 'secret by its name', `${place} parameter ${plainName}`)}`
        : `${mark}${this.text(`${mark}${parameter}`, place).slice(mark.length)}`;
    });
    return shownBase + rest;
  }

  /** A header without its secret. Names of cookies, their attributes, and schemes of authorization stay. */
  header([name, value]: Header, of = ''): Header {
    const lower = name.toLowerCase();
    const place = `${of === '' ? '' : `${of} `}header ${lower}`;
    if (lower === 'cookie') {
      return [
        name,
        value
          .split(';')
          .map((pair) => this.#cookiePair(pair, place))
          .join(';'),
      ];
    }
    if (lower === 'set-cookie') {
      // DevTools joins several of them with line breaks.
      const lines = value.split('\n').map((line) => {
        const [pair = '', attributes] = split(line, ';');
        return `${this.#cookiePair(pair, place)}${attributes === undefined ? '' : `;${attributes}`}`;
      });
      return [name, lines.join('\n')];
    }
    if (lower.endsWith('authorization')) return [name, this.#authorization(value.trim(), place)];
    if (isSecretHeader(name)) return [name, this.#hide(value, 'secret header', place)];
    if (/^(?:referer|location|content-location|origin|link|refresh|:path)$/.test(lower)) {
      return [name, this.url(value, place)];
    }
    if (lower === 'sec-websocket-protocol') {
      return [name, this.#protocols(value.split(/,\s*/), place).join(', ')];
    }
    return [name, this.text(value, place)];
  }

  #cookiePair(pair: string, place: string): string {
    const [name = '', value] = split(pair, '=');
    const named = `${place}: ${name.trim()}`;
    return value === undefined
      ? this.#hide(name, 'cookie', place)
      : `${name}=${this.#hide(value, 'cookie', named)}`;
  }

  #authorization(value: string, place: string): string {
    const [scheme = '', rest] = split(value, ' ');
    if (rest === undefined) return this.#hide(scheme, 'authorization', place);
    if (/^basic$/i.test(scheme)) {
      const bytes = decodeBase64(rest);
      const [, password] = bytes ? split(decodeUtf8(bytes), ':') : [];
      if (password) this.#note('authorization', `${place}: password`, password);
    }
    return `${scheme} ${this.#hide(rest, 'authorization', place)}`;
  }

  /** Subprotocols of a WebSocket: pages put tokens there, since they cannot set headers. */
  #protocols(protocols: readonly string[], place: string): string[] {
    return protocols.map((one, index) => {
      const followsScheme =
        /^(?:bearer|token|auth|authorization|jwt|access_token|base64url\.bearer.*)$/i.test(
          protocols[index - 1] ?? '',
        );
      const isBearer = /^base64url\.bearer\.authorization/i.test(one);
      if (followsScheme || isBearer) return this.#hide(one, 'bearer token', place);
      return this.text(one, place);
    });
  }

  /** A copy of the trace without secrets; the trace itself is not changed. Times, sizes and counts stay. */
  trace(trace: Trace): Trace {
    return { ...this.head(trace), streams: trace.streams.map((stream) => this.stream(stream)) };
  }

  /** The same without its streams: those can be asked for one by one. */
  head(trace: Trace): Trace {
    const { meta } = trace;
    return {
      ...trace,
      meta: {
        ...meta,
        pageUrl: meta.pageUrl === null ? null : this.url(meta.pageUrl, 'page address'),
        note: this.text(meta.note, 'note'),
      },
      documents: trace.documents.map((one) => ({ ...one, url: this.url(one.url, 'page address') })),
      streams: [],
    };
  }

  stream(stream: StreamRecord): StreamRecord {
    const { request, response, chunks, messages, end, kind } = stream;
    const frame = kind === 'websocket' ? 'WebSocket frame' : 'event';
    return {
      ...stream,
      request: {
        ...request,
        url: this.url(request.url),
        headers: request.headers.map((header) => this.header(header, 'request')),
        body: this.#body(request.body, 'request body'),
        protocols: this.#protocols(request.protocols, 'WebSocket subprotocol'),
      },
      response: response && {
        ...response,
        statusText: this.text(response.statusText, 'status text'),
        url: this.url(response.url),
        headers: response.headers.map((header) => this.header(header, 'response')),
        body: this.#body(response.body, 'response body'),
      },
      chunks: { ...chunks, payload: this.#chunks(chunks.payload) },
      messages: { ...messages, ...this.#messages(messages, frame) },
      end: end && {
        ...end,
        message: end.message === null ? null : this.text(end.message, 'error message'),
        closeReason: end.closeReason === null ? null : this.text(end.closeReason, 'close reason'),
      },
    };
  }

  #body(body: BodyText | null, place: string): BodyText | null {
    if (!body) return null;
    // An HTML form: one line of name=value pairs.
    const isForm = /^[\w.%+[\]-]+=[^\s"{}]*$/.test(body.text);
    return {
      ...body,
      text: isForm ? this.url(`?${body.text}`, place).slice(1) : this.#bodyText(body.text, place),
    };
  }

  #bodyText(text: string, place: string): string {
    // Engine.IO 3 tells the length of each packet before it: `94:0{"sid":"…`. With another length none can be read.
    const hasLengths = /^\d{1,10}:[0-6b]/.test(text);
    return hasLengths
      ? this.#replaceIn(text, place, (secret) => this.#fixed(secret))
      : this.text(text, place);
  }

  #messages(
    { payload, name, lastEventId }: MessageColumns,
    place: string,
  ): Pick<MessageColumns, 'payload' | 'name' | 'lastEventId'> {
    const hidden = (text: string | null) => text && this.text(text, place);
    return {
      payload: payload.map((one) =>
        one === null ? null : typeof one === 'string' ? this.text(one, place) : this.#bytes(one, place),
      ),
      name: name.map(hidden),
      lastEventId: lastEventId.map(hidden),
    };
  }

  /** All chunks of a stream are looked at as one text, since a secret may lie across two. */
  #chunks(payload: ChunkColumns['payload']): ChunkColumns['payload'] {
    const bytes = concatBytes(payload.filter((one) => one !== null));
    const clean = this.#bytes(bytes, 'response body', payload);
    if (clean === bytes) return payload;
    let offset = 0;
    return payload.map((one) => {
      if (one === null) return null;
      offset += one.length;
      return clean.subarray(offset - one.length, offset);
    });
  }

  /** Bytes keep their number, because sizes are evidence. The same object when nothing was in them. */
  #bytes(bytes: Uint8Array, place: string, key: object = bytes): Uint8Array {
    // One character per byte, so that offsets agree. Names and shapes are ASCII, and so UTF-8 does not matter.
    const text = binary(bytes);
    const found = this.#seen.get(key) ?? findSecrets(text);
    this.#seen.set(key, found);
    const clean = this.#replaceSpans(text, found, place, (secret) => this.#fixed(secret));
    if (clean === text) return bytes;
    return Uint8Array.from({ length: clean.length }, (_, index) => clean.charCodeAt(index));
  }

  /** As long as the secret: `redacted:1f3a09cc****`, or only asterisks where that does not fit. */
  #fixed(secret: string): string {
    const mark = `redacted:${this.#fingerprint(secret)}`;
    return secret.length >= mark.length ? mark.padEnd(secret.length, '*') : '*'.repeat(secret.length);
  }
}

function split(text: string, at: string): [string, string | undefined] {
  const index = text.indexOf(at);
  return index === -1 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
