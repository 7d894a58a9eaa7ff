import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/diagnose/run';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf, incompleteOf } from '../../support/found';

interface Host {
  server?: string;
  protocol?: string;
}

/** EventSources that tick every second and end as told. */
const sources = (
  count: number,
  end: (n: number) => string,
  { server = 'http://api.test', protocol = 'http/1.1' }: Host = {},
) =>
  Array.from(
    { length: count },
    (_, n) =>
      `${n * 10} ask eventsource GET ${server}/events?topic=${n} | +30 headers 200 text/event-stream / cache-control: no-cache / protocol=${protocol} | +1000x20 data tick | ${end(n)}`,
  );
const call = (at: number, steps: string, server = 'http://api.test') =>
  `${at} ask fetch GET ${server}/profile | ${steps}`;
const ANSWER = '+40 headers 200 application/json / protocol=http/1.1 | +1 raw {} | +1 end';
const staysOpen = () => '';

describe('streams hold all connections', () => {
  it('and a call waits until one of them ends', () => {
    const trace = drawTrace([
      ...sources(6, (n) => (n === 0 ? '+1 abort' : '')),
      call(5000, `20080 ${ANSWER.slice(4)} | phases blocked=15035 wait=40 receive=1`),
    ]);
    expect(alarms(trace)).toEqual(['warning connection-limit s7']);
    const finding = findingOf(trace, 'connection-limit')!;
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'proven' });
    expect(finding.summary).toMatch(
      /Six streams held the 6 HTTP\/1\.1 connections to api\.test, and GET \/profile waited 15\.0 s for one until one/,
    );
  });

  it.each([
    [
      'and a call gets none',
      [...sources(6, staysOpen), call(5000, '')],
      /GET \/profile waited 15\.1 s for one and got none/,
    ],
    [
      'and a call is given up',
      [...sources(6, staysOpen), call(5000, '+9s abort')],
      /waited 9\.00 s for one and got none/,
    ],
    [
      'and the seventh source gets none',
      [...sources(6, staysOpen), '5000 ask eventsource GET http://api.test/more'],
      /GET \/more waited/,
    ],
    [
      'and a call is answered when one ends',
      [
        ...sources(6, (n) => (n === 2 ? '+1 abort' : '')),
        call(5000, `20200 headers 200 application/json / protocol=http/1.1 | +1 raw {} | +1 end`),
      ],
      /GET \/profile waited 15\.1 s for one until one of them ended/,
    ],
    [
      'as long polls do',
      [
        ...Array.from(
          { length: 6 },
          (_, n) =>
            `${n} ask fetch GET http://api.test/wait/${n} | +30s headers 200 application/json / protocol=http/1.1 | +1 raw {} | +1 end`,
        ),
        call(2000, '+29s headers 200 application/json / protocol=http/1.1 | +1 raw {} | +1 end'),
      ],
      /Six requests that stay open held/,
    ],
  ])('%s', (_, timelines, summary) => {
    const trace = drawTrace(timelines);
    const finding = diagnose(trace).findings.find(({ id }) => id === 'connection-limit')!;
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'likely' });
    expect(finding.summary).toMatch(summary);
  });

  it('needs the protocol', () => {
    const https = { server: 'https://api.test', protocol: '' };
    const trace = drawTrace([...sources(6, staysOpen, https), call(5000, '', https.server)]);
    expect(findingOf(trace, 'connection-limit')).toBeUndefined();
    expect(incompleteOf(trace, 'connection-limit')).toHaveLength(1);
  });
});

describe('no limit was reached', () => {
  const h2 = { server: 'https://api.test', protocol: 'h2' };
  it.each([
    ['over HTTP/2', [...sources(8, staysOpen, h2), call(5000, '', h2.server)]],
    ['over HTTP/3', [...sources(8, staysOpen, { ...h2, protocol: 'h3' }), call(5000, '', h2.server)]],
    ['five streams', [...sources(5, staysOpen), call(5000, '')]],
    ['six streams and nobody behind them', sources(6, staysOpen)],
    [
      'six hosts',
      [
        ...Array.from({ length: 6 }, (_, n) => sources(1, staysOpen, { server: `http://e${n}.test` })[0]!),
        call(5000, ''),
      ],
    ],
    ['a call that was answered at once, in another pool', [...sources(6, staysOpen), call(5000, ANSWER)]],
    ['a call to another host', [...sources(6, staysOpen), call(5000, '', 'http://other.test')]],
    [
      'six WebSockets',
      [
        ...Array.from(
          { length: 6 },
          (_, n) => `${n} ask websocket ws://api.test/live/${n} | +30 headers 101 | +1000x20 data x`,
        ),
        call(5000, ''),
      ],
    ],
    [
      'streams that ended before',
      [
        ...sources(6, () => '+1 end'),
        call(30_000, '+9s headers 200 application/json / protocol=http/1.1 | +1 raw {} | +1 end'),
      ],
    ],
    [
      'thirty pictures',
      Array.from(
        { length: 30 },
        (_, n) =>
          `${n} ask other GET http://api.test/i/${n}.png | +2500 headers 200 image/png / protocol=http/1.1 | +1 end | phases blocked=2000 wait=500 receive=1`,
      ),
    ],
    [
      'a short wait',
      [
        ...sources(6, (n) => (n === 0 ? '+1 abort' : '')),
        call(
          19_700,
          '20100 headers 200 application/json / protocol=http/1.1 | +1 end | phases blocked=301 wait=40 receive=1',
        ),
      ],
    ],
  ])('%s', (_, timelines) => {
    expect(findingOf(drawTrace(timelines), 'connection-limit')).toBeUndefined();
  });
});
