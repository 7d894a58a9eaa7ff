import { describe, expect, it } from 'vitest';
import { readCookies } from '../../../../src/diagnose/facts/cookies';
import { createDiagnoser } from '../../../../src/diagnose/run';
import { drawTrace } from '../../../support/draw';

const ALLOWS = 'access-control-allow-origin: https://app.test / access-control-allow-credentials: true';

/** Calls of a HAR, which does not note the mode, to a server that pins each service by a cookie for its path. */
function manyServices(count: number) {
  const calls = Array.from(
    { length: count },
    (_, n) => `${n * 10} ask fetch GET https://api.app.test/s${n}/x / origin: https://app.test
      ${n * 10 + 5} headers 200 application/json / ${ALLOWS} / set-cookie: SERVERID=b; Path=/s${n}
      raw {}
      end`,
  );
  const trace = drawTrace(calls);
  for (const stream of trace.streams) stream.request.credentials = null;
  return trace;
}

describe('what a request had to do with cookies', () => {
  it('is not inferred from cookies for other paths', () => {
    const diagnoser = createDiagnoser(manyServices(30));
    diagnoser.update();
    const uses = readCookies(diagnoser.facts);
    expect(uses.map(({ credentialed }) => credentialed)).toEqual(uses.map(() => null));
  });

  it('costs what there is to read, not its square', { timeout: 60_000 }, () => {
    const costOf = (count: number) => {
      const diagnoser = createDiagnoser(manyServices(count));
      diagnoser.update();
      const rounds = Array.from({ length: 5 }, () => {
        const before = performance.now();
        readCookies(diagnoser.facts);
        return performance.now() - before;
      });
      return Math.min(...rounds);
    };
    costOf(300);
    // Ten times the requests; holding each against all cookies took a hundred times as long.
    expect(costOf(5000) / costOf(500)).toBeLessThan(40);
  });
});
