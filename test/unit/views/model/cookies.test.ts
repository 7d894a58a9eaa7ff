import { describe, expect, it } from 'vitest';
import { cookieRows } from '../../../../src/views/model/cookies';
import { drawStream } from '../../../support/draw';

describe('cookies of an exchange', () => {
  it('reads what was sent, with values that hold an equals sign', () => {
    const stream = drawStream('ask fetch GET https://a.test/x / cookie: a=1; b=x=y;  ; c\n10 headers 200');
    expect(cookieRows(stream).map(({ name, value }) => [name, value])).toEqual([
      ['a', '1'],
      ['b', 'x=y'],
      ['c', ''],
    ]);
  });

  it('reads several cookies that one header joins by line breaks', () => {
    const stream = drawStream('ask fetch GET https://a.test/x\n10 headers 200');
    stream.response?.headers.push(['Set-Cookie', 'a=1; Path=/; Secure\nb=2']);
    expect(cookieRows(stream)).toEqual([
      { name: 'a', value: '1', direction: 'set', note: 'Path=/; Secure' },
      { name: 'b', value: '2', direction: 'set', note: '' },
    ]);
  });

  it('says which were not sent and which were not kept, and why', () => {
    const stream = drawStream(
      'ask fetch GET https://a.test/x\n10 headers 200 text/plain / set-cookie: a=1; SameSite=None',
    );
    stream.request.withheldCookies.push({ name: 'z', reasons: ['SameSiteLax'] });
    stream.response?.refusedCookies.push({ name: 'a', reasons: ['SameSiteNoneInsecure'] });
    expect(cookieRows(stream).map(({ name, direction, note }) => [name, direction, note])).toEqual([
      ['z', 'withheld', 'SameSiteLax'],
      ['a', 'refused', 'SameSiteNoneInsecure'],
    ]);
  });
});
