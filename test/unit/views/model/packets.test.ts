import { describe, expect, it } from 'vitest';
import { type EngineIoSession, sessionsOf } from '../../../../src/diagnose/facts/sessions';
import { createDiagnoser } from '../../../../src/diagnose/run';
import type { Trace } from '../../../../src/trace/types';
import { ALL_EVENTS, type EventFilter } from '../../../../src/views/model/event-list';
import { eventIndexOf, packetContent } from '../../../../src/views/model/packet-content';
import { PacketList } from '../../../../src/views/model/packet-list';
import { ackWord, askedBy, packetPreview, packetWord } from '../../../../src/views/model/packet-words';
import { drawTrace } from '../../../support/draw';
import { handshake, poll, post, socket, UPGRADED } from '../../../support/socket-io';

function look(timelines: string[]) {
  const trace = drawTrace(timelines);
  const diagnoser = createDiagnoser(trace, []);
  diagnoser.update();
  return { trace, diagnoser, sessions: sessionsOf(diagnoser.facts) };
}

const socketed = (steps: string) => look([handshake(0, 'a'), socket(100, 'a', `${UPGRADED}\n${steps}`)]);

function listed(
  sessions: readonly EngineIoSession[],
  filter: Partial<EventFilter> = {},
  streamId: string | null = null,
) {
  const list = new PacketList(streamId, { ...ALL_EVENTS, ...filter });
  list.update(sessions);
  return list.rows.map((row) => packetWord(list.session(row)!, row.index));
}

/** Index of the packet with these words. */
function indexOf(session: EngineIoSession, word: string): number {
  const index = session.packets.findIndex((_, at) => packetWord(session, at) === word);
  if (index < 0) throw new Error(`There is no ${word}`);
  return index;
}

const contentOf = (trace: Trace, session: EngineIoSession, word: string) =>
  packetContent(session, indexOf(session, word), (id) => trace.streams.find((stream) => stream.id === id));

describe('packets of Socket.IO', () => {
  it('say what they are, and hold what was sent', () => {
    const { trace, sessions } = socketed(`1000 send 42/admin,["rename","a, \\"b\\"",{"deep":[1]}]
      +10 frame text 44/admin,{"message":"not for you"}
      +10 send 41`);
    const [session] = sessions;
    expect(listed(sessions).slice(-3)).toEqual(['event rename', 'connection refused', 'disconnect']);
    const at = indexOf(session!, 'event rename');
    expect(packetPreview(session!, at)).toBe('/admin "a, \\"b\\"",{"deep":[1]}');
    expect(contentOf(trace, session!, 'event rename')).toMatchObject({
      value: ['a, "b"', { deep: [1] }],
      problem: null,
    });
    expect(packetPreview(session!, indexOf(session!, 'connection refused'))).toBe('/admin not for you');
  });

  it('pair an event with its ack, both ways, with the time between', () => {
    const { sessions } = socketed(`1000 send 427["save",{"n":1}]
      1010 send 428["save",{"n":2}]
      1030 frame text 438["second"]
      1090 frame text 437["first"]
      1200 frame text 425["ask"]
      1260 send 435[true]`);
    const session = sessions[0]!;
    const acks = session.packets.flatMap((packet, index) => (packet.socket?.ackId == null ? [] : [index]));
    expect(acks.map((index) => [packetWord(session, index), ackWord(session, index)])).toEqual([
      ['event save', '90 ms'],
      ['event save', '20 ms'],
      ['ack of save', '20 ms'],
      ['ack of save', '90 ms'],
      ['event ask', '60 ms'],
      ['ack of ask', '60 ms'],
    ]);
    for (const index of acks) {
      const pair = session.packets[index]!.socket!.pairIndex!;
      expect(askedBy(session, pair)).toBe(session.packets[index]);
    }
  });

  it('pair over polling too, where event and ack come by different requests', () => {
    const { sessions } = look([
      handshake(0, 'a'),
      post(100, 'a', ['421["save"]']),
      poll(110, 'a', 190, ['431["saved"]']),
    ]);
    const session = sessions[0]!;
    const event = indexOf(session, 'event save');
    expect(ackWord(session, event)).toMatch(/ ms$/);
    expect(askedBy(session, event)?.streamId).not.toBe(session.packets[event]?.streamId);
  });

  it.each([
    ['never', '1000 send 421["lost"]\n2000 send 41\n+5 close 1005', 'event lost'],
    ['waiting', '1000 send 421["lost"]', 'event lost'],
    ['of nothing seen', '1000 frame text 431["late"]', 'ack'],
  ])('say %s where there is no pair', (expected, steps, word) => {
    const session = socketed(steps).sessions[0]!;
    expect(ackWord(session, indexOf(session, word))).toBe(expected);
  });

  it('put attachments back into their places, and are one line then', () => {
    const placeholder = (num: number) => `{"_placeholder":true,"num":${num}}`;
    const { trace, sessions } =
      socketed(`1000 frame text 452-["picture",{"big":${placeholder(0)},"small":${placeholder(1)}}]
      +1 send 42["typing"]
      +1 frame binary AAAA
      +1 frame binary BB`);
    const session = sessions[0]!;
    expect(listed(sessions).slice(-2)).toEqual(['event typing', 'event picture']);
    const { value } = contentOf(trace, session, 'event picture');
    expect(value).toEqual({ big: new TextEncoder().encode('AAAA'), small: new TextEncoder().encode('BB') });
    expect(packetPreview(session, indexOf(session, 'event picture'))).toBe(
      '{"big":⟨binary⟩,"small":⟨binary⟩}',
    );
  });

  it('put them together from polling as well', () => {
    const { trace, sessions } = look([
      handshake(0, 'a'),
      poll(100, 'a', 90, [
        '42["first"]',
        '451-["file",{"_placeholder":true,"num":0}]',
        'bAQID',
        '42["last"]',
      ]),
    ]);
    expect(listed(sessions).slice(-3)).toEqual(['event first', 'event file', 'event last']);
    expect(contentOf(trace, sessions[0]!, 'event file').value).toEqual(new Uint8Array([1, 2, 3]));
  });

  it.each([
    ['no array', '42{"not":"an array"}'],
    ['no JSON', '42["half'],
    ['no type', '4x["odd"]'],
  ])('are shown as malformed, with the reason: %s', (_, text) => {
    const { trace, sessions } = socketed(`1000 frame text ${text}\n+10 frame text 42["fine"]`);
    const session = sessions[0]!;
    expect(listed(sessions).slice(-2)).toEqual(['malformed packet', 'event fine']);
    const content = contentOf(trace, session, 'malformed packet');
    expect(content.value).toBeUndefined();
    expect(content.problem).toMatch(/malformed/i);
    expect(content.raw).toBe(text.slice(1));
  });

  it('say so when parts that were announced never came', () => {
    const { trace, sessions } = socketed('1000 frame text 451-["picture",{"_placeholder":true,"num":0}]');
    expect(listed(sessions).at(-1)).toBe('packet with parts');
    expect(contentOf(trace, sessions[0]!, 'packet with parts').problem).toMatch(/never came/);
  });
});

describe('the list of packets', () => {
  const TALK =
    '1000 send 421["save",{"word":"Needle"}]\n+10 frame text 431["ok"]\n2000 frame text 2\n+1 send 3';

  it.each<[string, Partial<EventFilter>, string[]]>([
    ['by name', { text: 'save' }, ['event save', 'ack of save']],
    ['by data in any case', { text: 'needle' }, ['event save']],
    ['without heartbeats', { hideHeartbeats: true }, ['event save', 'ack of save']],
    ['what the page sent', { direction: 'sent', hideHeartbeats: true }, ['event save']],
    ['nothing', { text: 'absent' }, []],
  ])('filters %s', (_, filter, expected) => {
    expect(listed(socketed(TALK).sessions, filter)).toEqual(expected);
  });

  it('holds what came by one stream, or by all sessions of a client', () => {
    const { sessions, trace } = look([
      handshake(0, 'a'),
      poll(40, 'a', 20, ['40{"sid":"x"}', '42["news",1]']),
      poll(100, 'a', 20, ['42["news",2]', '1']),
      handshake(2000, 'b'),
      poll(2040, 'b', 20, ['40{"sid":"y"}']),
    ]);
    expect(listed(sessions).filter((word) => word !== 'open')).toEqual([
      'connected',
      'event news',
      'event news',
      'close',
      'connected',
    ]);
    expect(listed(sessions, {}, trace.streams[2]!.id)).toEqual(['event news', 'close']);
  });

  it('reads what came since, and nothing twice', () => {
    const { trace, diagnoser, sessions } = socketed('1000 frame text 42["one"]');
    const list = new PacketList(null, ALL_EVENTS);
    const before = list.update(sessions);
    const { messages } = trace.streams.find((stream) => stream.kind === 'websocket')!;
    const add = (text: string) => {
      for (const column of Object.values(messages) as unknown[][]) column.push(column.at(-1));
      messages.payload[messages.payload.length - 1] = text;
      messages.byteLength[messages.byteLength.length - 1] = text.length;
    };
    add('42["two"]');
    add('42["three"]');
    diagnoser.update();
    expect(list.update(sessionsOf(diagnoser.facts))).toBe(before + 2);
    expect(list.update(sessionsOf(diagnoser.facts))).toBe(before + 2);
    const last = list.rows.at(-1)!;
    expect(packetWord(list.session(last)!, last.index)).toBe('event three');
    expect(list.positionOf(list.session(last)!.id, last.index)).toBe(before + 1);
  });

  it('knows the frame that a packet came in', () => {
    const { diagnoser, sessions } = socketed('1000 frame text 42["one"]');
    const session = sessions[0]!;
    const packet = session.packets[indexOf(session, 'event one')]!;
    const { events } = diagnoser.factsOf(packet.streamId)!.decoded;
    const index = eventIndexOf(packet, events.endChunk);
    expect(events.data[index!]).toBe('42["one"]');
    expect(eventIndexOf({ ...packet, transport: 'polling' }, events.endChunk)).toBeNull();
    expect(eventIndexOf({ ...packet, record: 999 }, events.endChunk)).toBeNull();
  });
});
