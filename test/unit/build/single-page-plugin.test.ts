import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { singlePage } from '../../../src/build/single-page-plugin';

const TEMPLATE = '<!doctype html><html><head><title>T</title></head><body><div id="app"></div></body></html>';

function between(text: string, from: string, to: string): string {
  const start = text.indexOf(from) + from.length;
  return text.slice(start, text.indexOf(to, start));
}
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('a single page', () => {
  const script = 'const a = "</script><script>", b = "<!-- $& $1 -->", c = 1 < 2;';
  const style = 'p::before { content: "</style>$&"; }';
  const html = singlePage(TEMPLATE, script, style);

  it('has one script and one style, whatever stands in them', () => {
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html.match(/<\/script>/g)).toHaveLength(1);
    expect(html.match(/<\/style>/g)).toHaveLength(1);
    expect(html).not.toContain('<!-- ');
  });

  it('runs what was written', () => {
    const text = between(html, '<script>', '</script>');
    expect(new Function(`${text} return [a, b, c];`)()).toEqual([
      '</script><script>',
      '<!-- $& $1 -->',
      true,
    ]);
  });

  it('allows these texts and nothing else, least of all the network', () => {
    const policy = between(html, 'content="', '"');
    expect(policy).toContain(`script-src ${hashOf(between(html, '<script>', '</script>'))};`);
    expect(policy).toContain(`style-src ${hashOf(between(html, '<style>', '</style>'))};`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|connect-src/);
  });
});
