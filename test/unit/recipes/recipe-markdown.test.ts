import { describe, expect, it } from 'vitest';
import { parseRecipe, RecipeError } from '../../../src/build/recipe-markdown.ts';
import type { Block, Inline } from '../../../src/recipes/types.ts';

const PLATFORMS = { nginx: 'nginx', alb: 'ALB', browser: 'Browser code' };
const parse = (markdown: string) => parseRecipe(markdown, 'a-recipe', PLATFORMS);
const text = (value: string): Inline => ({ type: 'text', text: value });
const paragraph = (...inlines: Inline[]): Block => ({ type: 'paragraph', inlines });

describe('the outline of a recipe', () => {
  it('has a title, a lead, sections with roles, and tabs under Fix', () => {
    const recipe = parse(`# A title

Lead.

## What you see

Seen.

## Fix

Before all tabs.

### ALB

One.

### Browser code

Two.

## Something else

Other.
`);
    expect(recipe).toEqual({
      id: 'a-recipe',
      title: 'A title',
      lead: [paragraph(text('Lead.'))],
      sections: [
        { title: 'What you see', role: 'see', blocks: [paragraph(text('Seen.'))], tabs: [] },
        {
          title: 'Fix',
          role: 'fix',
          blocks: [paragraph(text('Before all tabs.'))],
          tabs: [
            { platform: 'alb', title: 'ALB', blocks: [paragraph(text('One.'))] },
            { platform: 'browser', title: 'Browser code', blocks: [paragraph(text('Two.'))] },
          ],
        },
        { title: 'Something else', role: null, blocks: [paragraph(text('Other.'))], tabs: [] },
      ],
    });
  });

  it('reads Windows line ends alike', () => {
    const markdown =
      '# T\n\nLead\nmore.\n\n## Fix\n\n### nginx\n\n```nginx location\ngzip off;\nproxy_buffering off;\n```\n';
    expect(parse(markdown.replaceAll('\n', '\r\n'))).toEqual(parse(markdown));
  });
});

const blocks: [string, string, Block[]][] = [
  ['a soft line end', 'one\ntwo', [paragraph(text('one two'))]],
  [
    'inline marks',
    'a `c` **b *i*** and \\*star\\*',
    [
      paragraph(
        text('a '),
        { type: 'code', text: 'c' },
        text(' '),
        { type: 'strong', inlines: [text('b '), { type: 'emphasis', inlines: [text('i')] }] },
        text(' and *star*'),
      ),
    ],
  ],
  ['code that looks like HTML', '`<script>&amp;`', [paragraph({ type: 'code', text: '<script>&amp;' })]],
  ['less-than signs', 'a < b && c > d', [paragraph(text('a < b && c > d'))]],
  [
    'a link',
    '[RFC](https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2)',
    [
      paragraph({
        type: 'link',
        href: 'https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2',
        inlines: [text('RFC')],
      }),
    ],
  ],
  [
    'a link to a recipe',
    '[idle](idle-cut.md) [idle](../idle-cut.md)',
    [
      paragraph({ type: 'link', href: 'recipe:idle-cut', inlines: [text('idle')] }, text(' '), {
        type: 'link',
        href: 'recipe:idle-cut',
        inlines: [text('idle')],
      }),
    ],
  ],
  [
    'a link to a document',
    '[`x`](documents/002_1ebeed7eb15dba47.md)',
    [
      paragraph({
        type: 'link',
        href: 'document:002_1ebeed7eb15dba47',
        inlines: [{ type: 'code', text: 'x' }],
      }),
    ],
  ],
  ['code', '```js\nlet a;\n\nlet b;\n```', [{ type: 'code', language: 'js', text: 'let a;\n\nlet b;' }]],
  [
    'code with a place',
    '```nginx location\ngzip off;\n```',
    [{ type: 'code', language: 'nginx', context: 'location', text: 'gzip off;' }],
  ],
  [
    'a tight list with a list and code in it',
    '- a\n  - b\n- c\n  ```js\n  d\n  ```',
    [
      {
        type: 'list',
        ordered: false,
        items: [
          [paragraph(text('a')), { type: 'list', ordered: false, items: [[paragraph(text('b'))]] }],
          [paragraph(text('c')), { type: 'code', language: 'js', text: 'd' }],
        ],
      },
    ],
  ],
  [
    'a loose numbered list',
    '1. a\n\n2. b',
    [{ type: 'list', ordered: true, items: [[paragraph(text('a'))], [paragraph(text('b'))]] }],
  ],
  ['a quote', '> a', [{ type: 'quote', blocks: [paragraph(text('a'))] }]],
  [
    'a table',
    '| a | b |\n|---|---|\n| 1 | `2` |',
    [
      {
        type: 'table',
        header: [[text('a')], [text('b')]],
        rows: [[[text('1')], [{ type: 'code', text: '2' }]]],
      },
    ],
  ],
];

it.each(blocks)('%s becomes blocks', (_, markdown, expected) => {
  expect(parse(`# T\n\n${markdown}\n`).lead).toEqual(expected);
});

const refused: [string, string, RegExp][] = [
  ['no title', 'text', /start with a title/],
  ['an empty file', '', /start with a title/],
  ['a section before the title', '## Fix', /start with a title/],
  ['two titles', '# A\n\n# B', /only one title/],
  ['a section twice', '# A\n\n## Why\n\na\n\n## Why\n\nb', /appears twice/],
  ['a tab twice', '# A\n\n## Fix\n\n### ALB\n\na\n\n### ALB\n\nb', /appears twice/],
  ['an unknown platform', '# A\n\n## Fix\n\n### Apache\n\na', /"Apache" is not the title of a platform/],
  ['a platform id for its title', '# A\n\n## Fix\n\n### alb\n\na', /"alb" is not the title/],
  ['a tab outside of Fix', '# A\n\n## Why\n\n### ALB\n\na', /### is for platforms/],
  ['a deeper heading', '# A\n\n## Fix\n\n#### ALB', /### is for platforms/],
  ['code in a heading', '# A `b`', /must be plain text/],
  ['block HTML', '# A\n\n<div>x</div>', /no html/],
  ['a comment', '# A\n\n<!-- x -->', /no html/],
  ['inline HTML', '# A\n\na <b>x</b>', /no html/],
  ['an image', '# A\n\n![x](https://x.example/y.png)', /no image/],
  ['a hard break', '# A\n\na\\\nb', /no br/],
  ['struck text', '# A\n\n~~a~~', /no del/],
  ['a rule', '# A\n\na\n\n---', /no hr/],
  ['a task list', '# A\n\n- [ ] a', /no checkbox/],
  ['an entity', '# A\n\na &amp; b', /not an entity/],
  ['a numeric entity', '# A\n\na &#x3c; b', /not an entity/],
  ['code without a language', '# A\n\n```\na\n```', /without a language/],
  ['indented code', '# A\n\n    a', /without a language/],
  ['aligned columns', '# A\n\n| a |\n|:-:|\n| 1 |', /no column alignment/],
  ['a list from three', '# A\n\n3. a', /starts at 1/],
  ['a link title', '# A\n\n[a](https://x.example "t")', /no title/],
  ['plain http', '# A\n\n[a](http://x.example)', /a link is https/],
  ['a bare address', '# A\n\nhttp://x.example/', /a link is https/],
  ['a script link', '# A\n\n[a](javascript:alert(1))', /a link is https/],
  ['a data link', '# A\n\n[a](data:text/html,x)', /a link is https/],
  ['a link out of the folder', '# A\n\n[a](../../package.md)', /a link is https/],
];

it.each(refused)('%s is refused', (_, markdown, message) => {
  expect(() => parse(markdown)).toThrow(RecipeError);
  expect(() => parse(markdown)).toThrow(message);
  expect(() => parse(markdown)).toThrow(/^a-recipe\.md: /);
});
