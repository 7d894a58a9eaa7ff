import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { CdpConnection, CdpError, type CdpObject } from '../../../src/cli/chromium/cdp';

let toBrowser: PassThrough;
let fromBrowser: PassThrough;
let connection: CdpConnection;

beforeEach(() => {
  toBrowser = new PassThrough();
  fromBrowser = new PassThrough();
  connection = new CdpConnection(toBrowser, fromBrowser);
});

const arrived = () => new Promise((resolve) => setImmediate(resolve));
const sent = () =>
  (toBrowser.read() as Buffer | null)
    ?.toString()
    .split('\0')
    .filter(Boolean)
    .map((text) => JSON.parse(text) as CdpObject) ?? [];

function heard(method: string): [CdpObject, string | undefined][] {
  const calls: [CdpObject, string | undefined][] = [];
  connection.on(method, (params, sessionId) => calls.push([params, sessionId]));
  return calls;
}

describe('a connection over a pipe', () => {
  it('gives each command its own answer, in whatever order they come', async () => {
    const first = connection.send('A.one', { a: 1 });
    const second = connection.send('B.two', {}, 'S1');
    expect(sent()).toEqual([
      { id: 1, method: 'A.one', params: { a: 1 } },
      { id: 2, method: 'B.two', params: {}, sessionId: 'S1' },
    ]);
    fromBrowser.write('{"id":2,"error":{"message":"not here"}}\0{"id":1,"result":{"b":2}}\0');
    await expect(second).rejects.toEqual(new CdpError('B.two: not here'));
    await expect(first).resolves.toEqual({ b: 2 });
  });

  it('reads messages wherever they are cut, also in the middle of a character', async () => {
    const calls = heard('Page.said');
    const bytes = Buffer.from(
      '{"method":"Page.said","params":{"text":"naïve 🙂"},"sessionId":"S"}\0'.repeat(3),
    );
    for (const size of [1, 2, 3, 7, bytes.length]) {
      for (let at = 0; at < bytes.length; at += size) fromBrowser.write(bytes.subarray(at, at + size));
      await arrived();
    }
    expect(calls).toEqual(Array.from({ length: 15 }, () => [{ text: 'naïve 🙂' }, 'S']));
  });

  it('goes on after what is no message', async () => {
    const calls = heard('Page.said');
    fromBrowser.write('{"method":"Page.sa\0\0nonsense\0{"id":99,"result":{}}\0{"method":"Page.said"}\0');
    await arrived();
    expect(calls).toEqual([[{}, undefined]]);
  });

  it('leaves out a message that no text could hold, and reads the next', async () => {
    const calls = heard('Page.said');
    const piece = Buffer.alloc(16 * 1024 * 1024, 0x20);
    for (let count = 0; count < 18; count++) fromBrowser.write(piece);
    fromBrowser.write('{"method":"Page.said","params":{"n":1}}\0{"method":"Page.said","params":{"n":2}}\0');
    while (fromBrowser.readableLength > 0) await arrived();
    await arrived();
    expect(calls).toEqual([[{ n: 2 }, undefined]]);
  });

  it('fails what waits when the browser goes, and everything after', async () => {
    const waiting = connection.send('A.one');
    fromBrowser.destroy();
    await expect(waiting).rejects.toEqual(new CdpError('The browser closed the connection'));
    await expect(connection.send('A.two')).rejects.toThrow(CdpError);
  });

  it('tells a session its own events only, until it wants no more', async () => {
    const calls: CdpObject[] = [];
    const stop = connection.session('S1').on('Page.said', (params) => calls.push(params));
    const say = (n: number, sessionId: string) =>
      fromBrowser.write(`${JSON.stringify({ method: 'Page.said', params: { n }, sessionId })}\0`);
    say(1, 'S1');
    say(2, 'S2');
    await arrived();
    stop();
    say(3, 'S1');
    await arrived();
    expect(calls).toEqual([{ n: 1 }]);
  });
});
