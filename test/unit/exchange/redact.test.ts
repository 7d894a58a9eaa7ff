import { describe, expect, it, vi } from 'vitest';
import { redactHeader, redactStream, redactText, redactTrace, redactUrl } from '../../../src/exchange/redact';
import { stringifyTrace } from '../../../src/trace/file';
import { chunkedStream } from '../../support/chunked-stream';
import { richTrace } from '../../support/rich-trace';

// Large inputs on purpose: give them time beside other tests on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijk_-';
const MARK = /‹redacted:[0-9a-f]{4}›/;

describe('headers', () => {
  it.each<[string, string, RegExp]>([
    ['Authorization', `Bearer ${JWT}`, /^Bearer ‹redacted:[0-9a-f]{4}›$/],
    ['Proxy-Authorization', 'Basic dXNlcjpwYXNz', /^Basic ‹redacted/],
    ['Cookie', 'AWSALB=abc; sid=secret', /^AWSALB=‹redacted:\w{4}›; sid=‹redacted:\w{4}›$/],
    [
      'Set-Cookie',
      'sid=s%3Aabc; Path=/; Max-Age=60; SameSite=Lax',
      /^sid=‹redacted:\w{4}›; Path=\/; Max-Age=60; SameSite=Lax$/,
    ],
    ['X-Api-Key', '12345', MARK],
    ['X-Amz-Security-Token', 'abc', MARK],
    ['x-session-id', 'abc', MARK],
    ['X-CSRF-Token', 'abc', MARK],
    ['Referer', 'https://a.example/?token=abc', /^https:\/\/a\.example\/\?token=‹redacted/],
    ['X-Trace', `seen ${JWT}`, /^seen ‹redacted/],
  ])('hides %s: %s', (name, value, shown) => {
    const [, after] = redactHeader([name, value]);
    expect(after).toMatch(shown);
    expect(redactHeader([name, after])[1]).toBe(after);
  });

  it.each([
    ['Content-Type', 'text/event-stream'],
    ['Access-Control-Allow-Credentials', 'true'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ['Server', 'nginx/1.22.1'],
    ['X-Request-Id', '9f3c6a2e-0000-4000-8000-000000000000'],
    ['apigw-requestid', 'JKJaXmPLvHcESHA='],
  ])('leaves %s alone', (name, value) => {
    expect(redactHeader([name, value])).toEqual([name, value]);
  });

  it('shows equal values as equal and different ones as different', () => {
    const sent = redactHeader(['Cookie', 'AWSALB=one'])[1];
    const set = redactHeader(['Set-Cookie', 'AWSALB=one; Path=/'])[1];
    expect(set).toBe(`${sent}; Path=/`);
    expect(redactHeader(['Cookie', 'AWSALB=two'])[1]).not.toBe(sent);
  });
});

describe('addresses', () => {
  it.each([
    ['https://a.example/x?token=abc&page=2', /^https:\/\/a\.example\/x\?token=‹redacted:\w{4}›&page=2$/],
    ['https://a.example/?api_key=1&API-KEY=2', /^https:\/\/a\.example\/\?api_key=‹[^&]*›&API-KEY=/],
    ['wss://user:pass@a.example/', /^wss:\/\/user:‹redacted:\w{4}›@a\.example\/$/],
    [`https://a.example/share/${JWT}/view`, /share\/‹redacted:\w{4}›\/view$/],
    [
      'https://s3.example/o?X-Amz-Signature=abc&X-Amz-Expires=60',
      /X-Amz-Signature=‹redacted:\w{4}›&X-Amz-Expires=60$/,
    ],
  ])('hides the secret in %s', (url, shown) => {
    expect(redactUrl(url)).toMatch(shown);
  });

  it.each([
    'https://a.example/socket.io/?EIO=4&transport=polling&sid=Q2v_n1&t=abc',
    'https://a.example/jobs/9f3c6a2e?since=5',
    '/relative?x=%E0%A4%A',
    '',
  ])('leaves %j alone', (url) => {
    expect(redactUrl(url)).toBe(url);
  });
});

describe('text', () => {
  it.each([
    `{"password":"hunter2","user":"a"}`,
    `{"access_token": "abc"}`,
    `42["login",{"token":"3f9a-77c1-abcdefgh"}]`,
    `"{\\"secret\\":\\"abc\\"}"`,
    `use Bearer abcdefghijklmnop now`,
    JWT,
    'sk-proj-abcdefghijklmnopqrstuvwx',
    'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
    `{"password":"with \\"abc" in it"}`,
    `{'client_secret': 'abcdefgh-python-prints-it-so'}`,
    'export OPENAI_API_KEY=abcdefgh',
    'X-Api-Key: abcdefgh-1',
    'https://app:abcdefgh1@db.internal/x',
    '%7B%22password%22%3A%22abcdefgh%22%7D',
    btoa('{"user":"ada","password":"abcdefgh"}'),
    'AKIAIOSFODNN7EXAMPLE',
    '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----',
  ])('hides the secret in %s', (text) => {
    const shown = redactText(text);
    expect(shown).toMatch(MARK);
    expect(shown).not.toMatch(/hunter2|"abc"|abcdefgh|IOSFODNN|eyJ/);
  });

  it.each([
    'data: hello',
    '{"type":"token","text":"hi"}',
    '{"max_tokens":500}',
    '{"token":"Hel"}',
    '{"token":" internationalization"}',
    '{"code":"E_UPSTREAM"}',
    '{"code":"ERR_HTTP2_PROTOCOL_ERROR"}',
    '{"key":"uploads/2024/report-17.pdf"}',
    '{"total_tokens":12345,"hash":"9f3c6a2e00004000"}',
    'Basic understanding-of-streams is enough',
    'password: required',
    '{"password":"","secret":null,"pin":true}',
    'the task-force-of-skaters',
  ])('leaves %j alone', (text) => {
    expect(redactText(text)).toBe(text);
  });

  /** A pattern that tries again from every character would take minutes and run into the test's time limit. */
  it.each([
    'sk-',
    'eyJ',
    'eyJ-',
    'eyJ.',
    '"token":',
    'pwd=',
    'key=',
    'key:',
    '"pwd":"',
    '"pwd":"\\\\',
    '\\"pwd\\":\\"',
    'bearer ',
    'a://',
    'a://b:c',
    '<pwd>',
    'AAAA',
    '%41%42',
    '-----BEGIN PRIVATE KEY-----',
    '{"a":',
  ])('is quick on a very long run of %j', (piece) => {
    expect(redactText(piece.repeat(Math.ceil(600_000 / piece.length))).length).toBeGreaterThan(0);
  });
});

describe('traces', () => {
  it('keeps sizes and times, also where a secret lies across two chunks', () => {
    const stream = chunkedStream(['data: {"password":"abc', 'def"}\n', Uint8Array.of(0xc3, 0xa9), '\n\n']);
    const shown = redactStream(stream);
    expect(shown.chunks.payload.map((one) => new TextDecoder().decode(one!))).toEqual([
      'data: {"password":"***',
      '***"}\n',
      'é',
      '\n\n',
    ]);
    expect(shown.chunks.atMs).toEqual(stream.chunks.atMs);
    expect(new TextDecoder().decode(stream.chunks.payload[0]!)).toContain('abc');
  });

  it('leaves no planted secret in the file, and changes nothing in the trace', () => {
    const secret = 'hunter2hunter2';
    const trace = richTrace();
    trace.meta.pageUrl = `https://app.example/?token=${secret}`;
    trace.documents[0]!.url = `https://app.example/?code=${secret}`;
    const [fetched, , socket] = trace.streams;
    fetched!.request.url += `?api_key=${secret}`;
    fetched!.request.headers = [
      ['Authorization', `Bearer ${secret}`],
      ['Cookie', `a=${secret}`],
    ];
    fetched!.request.body = { text: `{"password":"${secret}"}`, byteLength: 30, truncated: false };
    fetched!.response!.headers = [['Set-Cookie', `a=${secret}; Secure`]];
    fetched!.response!.body = { text: `access_token=${secret}&x=1`, byteLength: 30, truncated: false };
    socket!.messages.payload[0] = `{"pwd":"${secret}"}`;
    const before = stringifyTrace(trace);
    expect(before.split(secret)).toHaveLength(10);
    expect(stringifyTrace(redactTrace(trace))).not.toContain(secret);
    expect(stringifyTrace(trace)).toBe(before);
  });
});
