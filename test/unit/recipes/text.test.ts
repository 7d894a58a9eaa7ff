import { describe, expect, it } from 'vitest';
import { parseRecipe } from '../../../src/build/recipe-markdown.ts';
import { RECIPES } from '../../../src/recipes/index.ts';
import { inlineText, recipeText } from '../../../src/recipes/text.ts';

const PLATFORMS = { nginx: 'nginx', alb: 'ALB' };
const SAMPLE = parseRecipe(
  `# Cut after a silence

Some hop with an idle time-out closed it.

## Why

- short
- a much longer item that has to be broken because it does not fit
  - inner

| After | Who |
|---|---|
| 60 s | ALB |
| 55 s | Heroku |

> quoted words that are long enough to be broken

## Fix

See [missing-heartbeat](missing-heartbeat.md), [the other](idle-cut.md) and [RFC](https://example.org/rfc).

### nginx

\`\`\`nginx location
proxy_read_timeout 300s;

proxy_buffering off;
\`\`\`

### ALB

1. First.
2. Second.
`,
  'idle-cut',
  PLATFORMS,
);

describe('recipeText', () => {
  it('prints the whole recipe', () => {
    expect(recipeText(SAMPLE, { width: 40 })).toBe(`Cut after a silence
===================

Some hop with an idle time-out closed
it.

Why
---

- short
- a much longer item that has to be
  broken because it does not fit
  - inner

After  Who
60 s   ALB
55 s   Heroku

> quoted words that are long enough to
> be broken

Fix
---

See missing-heartbeat, the other (recipe
idle-cut) and RFC
(https://example.org/rfc).

## nginx

(nginx, in location)

    proxy_read_timeout 300s;

    proxy_buffering off;

## ALB

1. First.
2. Second.
`);
  });

  it('prints one platform when it has a tab for it', () => {
    const text = recipeText(SAMPLE, { platform: 'alb', width: 80 });
    expect(text).toContain('## ALB');
    expect(text).not.toContain('## nginx');
  });

  it('prints all platforms when the one asked for has no tab', () => {
    const text = recipeText(SAMPLE, { platform: 'heroku', width: 80 });
    expect(text).toContain('## ALB');
    expect(text).toContain('## nginx');
  });

  it('turns a table that is too wide into a list that names its cells', () => {
    const recipe = parseRecipe(
      '# T\n\n| After | Who | What |\n|---|---|---|\n| 60 s | ALB | the pause between bytes |\n',
      't',
      {},
    );
    expect(recipeText(recipe, { width: 30 })).toContain(
      '- 60 s; Who: ALB; What: the\n  pause between bytes\n',
    );
  });

  it.each([0, -1, Number.NaN, 1])('survives the width %d', (width) => {
    expect(recipeText(SAMPLE, { width })).toContain('Cut after a silence');
  });
});

describe.each(RECIPES)('$id', (recipe) => {
  it.each([40, 80, 100])('fits %i columns, code and long words excepted', (width) => {
    const text = recipeText(recipe, { width });
    expect(text.endsWith('\n')).toBe(true);
    const tooLong = text
      .split('\n')
      .filter(
        (line) =>
          line.length > width &&
          !line.startsWith('    ') &&
          /\S\s+\S/.test(line.replace(/^\s*(-|\d+\.) /, '')),
      );
    expect(tooLong).toEqual([]);
  });

  it('keeps every line of its code as written', () => {
    const text = recipeText(recipe, { width: 60 });
    for (const tab of recipe.sections.flatMap((section) => section.tabs)) {
      for (const block of tab.blocks) {
        if (block.type !== 'code') continue;
        expect(text).toContain(
          block.text
            .split('\n')
            .map((line) => (line ? `    ${line}` : ''))
            .join('\n'),
        );
      }
    }
  });
});

it('inlineText keeps the text of every mark', () => {
  expect(
    inlineText([
      {
        type: 'strong',
        inlines: [
          { type: 'text', text: 'a ' },
          { type: 'code', text: 'b' },
        ],
      },
      {
        type: 'link',
        href: 'document:002_1ebeed7eb15dba47',
        inlines: [{ type: 'code', text: '002_1ebeed7eb15dba47.txt' }],
      },
      {
        type: 'link',
        href: 'https://example.org/',
        inlines: [{ type: 'text', text: 'https://example.org/' }],
      },
    ]),
  ).toBe('a `b``002_1ebeed7eb15dba47.txt`https://example.org/');
});
