import { describe, expect, it } from 'vitest';
import { compareTraces } from '../../../src/compare/compare';
import { drawTrace } from '../../support/draw';

const names = { a: 'local', b: 'staging' };

const CHAT = 'accept: text/event-stream / body={"q":1}';

const flowing = (host = 'http://localhost:8000') => `
  ask fetch POST ${host}/api/chat / ${CHAT}
  120 headers 200 text/event-stream / server: uvicorn / cache-control: no-cache / protocol=http/1.1
  +75x41 data {"token":"word-{n}","at":{at 200+75}}
  +5 end`;

const heldBack = (host = 'https://stage.example.org') => `
  ask fetch POST ${host}/api/chat / ${CHAT}
  3300 headers 200 text/event-stream / server: nginx/1.22.1 / cache-control: no-cache / protocol=h2
  +0x41 data {"token":"word-{n}","at":{at 240+75}}
  +3 end`;

describe('what differs, and what it points to', () => {
  it('names the hop that holds a stream back', () => {
    const found = compareTraces(drawTrace(flowing()), drawTrace(heldBack()), { names });
    expect(found.verdict).toBe('differs');
    expect(found.hosts).toEqual([{ a: 'localhost:8000', b: 'stage.example.org', how: 'guessed' }]);
    expect(found.sentence).toBe(
      'Staging delivers the 41 events of POST /api/chat in one burst 3.10 s later than local: nginx/1.22.1 in between holds the answer back (buffered-stream appeared).',
    );
  });
});
