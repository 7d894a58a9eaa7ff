import { describe, expect, it } from 'vitest';
import { type RecipeCode, recipeCode } from '../../browser/recipes/recipe-code.ts';

/**
 * Advice that circulates, that the source documents partly give, and that is wrong. Recipes may name it in words and
 * say why; none of it may stand in a code block, where people copy from.
 */
interface BadAdvice {
  name: string;
  /** True when the block gives the advice. */
  in(block: RecipeCode): boolean;
  /** Code that must be recognised, so that the test is known to see. */
  example: string;
  /** The block's place, when the advice is bad in some places only. */
  place?: string;
}

const matches = (pattern: RegExp) => (block: RecipeCode) => pattern.test(block.text);

const BAD: BadAdvice[] = [
  {
    name: 'Transfer-Encoding set by hand',
    in: matches(/transfer-encoding/i),
    example: "'Transfer-Encoding': 'chunked',",
  },
  {
    name: 'Connection: keep-alive as a response header',
    in: matches(/connection['"]?\s*[:,]?\s*['"]?keep-alive/i),
    example: 'headers={"Connection": "keep-alive"}',
  },
  {
    name: 'a wildcard origin with credentials',
    in: ({ text }) =>
      /(allow_origins=\["\*"\]|origin: '\*'|origins="\*"|Allow-Origin['"]?,? ['"]?\*)/.test(text) &&
      /credentials['"]?\s*[:=,]?\s*['"]?true/i.test(text),
    example: 'allow_origins=["*"],\nallow_credentials=True,',
  },
  {
    name: 'deregistration delay as a time-out for streams',
    in: ({ text, name }) => /deregistration_delay/.test(text) && !/^(connection-lost|lost-job)\b/.test(name),
    example: 'Key=deregistration_delay.timeout_seconds,Value=300',
    place: 'idle-cut › Fix › ALB #1',
  },
  {
    name: 'the sync worker',
    in: matches(/worker_class\s*=\s*['"]sync['"]/),
    example: "worker_class = 'sync'",
  },
  {
    name: 'a throw, or a cancelled reader, in a timer',
    in: matches(/setTimeout\((?:async )?\(\) => \{[^}]*(\bthrow\b|\.cancel\()/),
    example: "setTimeout(() => {\n  reader.cancel();\n  throw new Error('late');\n}, 1000);",
  },
  {
    name: 'decoding chunks without { stream: true }',
    in: matches(/\.decode\(\w+\)/),
    example: 'const chunk = decoder.decode(value);',
  },
  {
    name: 'reading the words of a network error',
    in: matches(/message\.includes\(/),
    example: "if (error.message.includes('network'))",
  },
  {
    name: 'yield in finally',
    in: ({ language, text }) => language === 'python' && yieldsInFinally(text),
    example: 'def f():\n    try:\n        yield 1\n    finally:\n        # say so\n        yield 2\n',
  },
  {
    name: 'a fleet of recreated tasks',
    in: matches(/rolling:\s*['"]?recreate/),
    example: "rolling: 'recreate'",
  },
  {
    name: 'WebSocket on App Runner',
    in: ({ name, text }) => name.includes('App Runner') && /websocket/i.test(text),
    example: "transports: ['polling', 'websocket']",
    place: 'refused-upgrade › Fix › App Runner #1',
  },
  {
    name: 'reconnect_attempt on the socket',
    in: matches(/socket\.on\('reconnect_attempt'/),
    example: "socket.on('reconnect_attempt', log);",
  },
  { name: 'a huge maxHttpBufferSize', in: matches(/maxHttpBufferSize/), example: 'maxHttpBufferSize: 1e8,' },
  { name: 'rememberUpgrade', in: matches(/rememberUpgrade: true/), example: 'rememberUpgrade: true' },
  {
    name: 'a time-out of API Gateway raised without streaming',
    in: ({ text }) => /timeoutInMillis/.test(text) && !/responseTransferMode/.test(text),
    example: 'op=replace,path=/timeoutInMillis,value=29000',
  },
  {
    name: 'buffering switched on',
    in: matches(/proxy_buffering on|X-Accel-Buffering['"]?[:,] ?['"]?yes/i),
    example: 'proxy_buffering on;',
  },
  {
    name: 'an early first byte against API Gateway',
    in: ({ name, text }) => name.includes('API Gateway') && /: (open|ping)\\n/.test(text),
    example: 'yield ": ping\\n\\n"',
    place: 'gateway-timeout › Fix › API Gateway #1',
  },
];

/** Whether a `finally:` block has a `yield` in it, by indentation. */
function yieldsInFinally(python: string): boolean {
  const lines = python.split('\n');
  return lines.some((line, index) => {
    if (line.trim() !== 'finally:') return false;
    const depth = line.search(/\S/);
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((one) => one.trim() !== '' && one.search(/\S/) <= depth);
    return rest.slice(0, end === -1 ? undefined : end).some((one) => /^\s*yield\b/.test(one));
  });
}

const blocks = recipeCode();

describe.each(BAD)('$name', (advice) => {
  it('is recognised', () => {
    const language = advice.name === 'yield in finally' ? 'python' : 'js';
    const block = {
      name: advice.place ?? 'x › Fix › y #1',
      language,
      context: undefined,
      text: advice.example,
    };
    expect(advice.in(block)).toBe(true);
  });

  it('is in no code block', () => {
    expect(blocks.filter((block) => advice.in(block)).map((block) => block.name)).toEqual([]);
  });
});

it('does not take a yield after a finally for one in it', () => {
  expect(yieldsInFinally('try:\n    a()\nfinally:\n    b()\n\nyield 1\n')).toBe(false);
});
