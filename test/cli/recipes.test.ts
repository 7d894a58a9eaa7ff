import { describe, expect, it } from 'vitest';
import { RULE_IDS } from '../../src/trace/ids';
import { streamgauge } from './support/streamgauge';

describe('recipes', () => {
  it('lists one for every finding', async () => {
    const ran = await streamgauge(['recipes']);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const lines = ran.stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual([...RULE_IDS]);
    for (const line of lines) expect(line).toMatch(/^\S+ {2,}\S/);
  });

  it('prints one in full, or the part for one platform by its id or name', async () => {
    const [full, byId, byName] = await Promise.all([
      streamgauge(['recipes', 'buffered-stream']),
      streamgauge(['recipes', 'buffered-stream', '--platform', 'cloudfront']),
      streamgauge(['recipes', 'buffered-stream', '--platform', 'CloudFront']),
    ]);
    expect(full.stdout).toMatch(/^## nginx$/m);
    expect(full.stdout).toContain('proxy_buffering off');
    expect(byId).toMatchObject({ status: 0, stderr: '' });
    expect(byId.stdout).toMatch(/^## CloudFront$/m);
    expect(byId.stdout).not.toMatch(/^## nginx$/m);
    expect(byName.stdout).toBe(byId.stdout);
    for (const line of full.stdout.split('\n'))
      if (!line.startsWith('    ')) expect(line.length).toBeLessThan(101);
  });

  it('prints the page on a source document', async () => {
    const { status, stdout } = await streamgauge(['recipes', '002_1ebeed7eb15dba47.txt']);
    expect(status).toBe(0);
    expect(stdout).toContain('buffered-stream');
  });

  it.each([
    [['bufferd'], 'There is no recipe "bufferd". streamgauge recipes lists all of them.'],
    [['heartbeat'], /There is no recipe "heartbeat"\. Did you mean missing-heartbeat/],
    [['lost-job', 'idle-cut'], 'recipes takes one id at a time.'],
    [['buffered-stream', '--platform', 'vms'], /has no part for "vms"; it has nginx, /],
    [['buffered-stream', '--platform', 'gunicorn'], /has no part for gunicorn; it has nginx, /],
    [['--platform', 'nginx'], '--platform needs the id of a recipe before it.'],
  ])('%j', async (args, sentence) => {
    const ran = await streamgauge(['recipes', ...args]);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    if (typeof sentence === 'string') expect(ran.stderr).toBe(`streamgauge: ${sentence}\n`);
    else expect(ran.stderr).toMatch(sentence);
  });
});

describe('streamgauge', () => {
  it.each([['--help'], ['-h'], ['help'], ['record', '--help'], ['diagnose', 'x.har', '-h']])(
    '%s %s',
    async (...args) => {
      const ran = await streamgauge(args.filter((one) => typeof one === 'string'));
      expect(ran).toMatchObject({ status: 0, stderr: '' });
      expect(ran.stdout).toMatch(/streamgauge diagnose FILE/);
      for (const line of ran.stdout.split('\n')) expect(line.length).toBeLessThan(121);
    },
  );

  it('says its version', async () => {
    expect((await streamgauge(['--version'])).stdout).toMatch(/^streamgauge \d+\.\d+\.\d+\n$/);
  });

  it('without a command says what there is, as an error', async () => {
    const ran = await streamgauge([]);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toContain('streamgauge record URL');
  });

  it('names the command that there is not', async () => {
    const ran = await streamgauge(['analyse\u001b[2J']);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toMatch(/^streamgauge: There is no command "analyse\\u001b\[2J"\. /);
  });
});
