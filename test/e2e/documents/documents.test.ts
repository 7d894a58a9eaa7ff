import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentOf, recipeOf } from '../../../src/recipes';
import type { RuleId } from '../../../src/trace/ids';
import { findProgram } from '../../lab/gateways/program';
import { type Lab, startLab } from '../../lab/lab';
import type { Scenario } from '../../lab/scenario';
import { pageOf } from '../../lab/start/headless';
import { judgeScenario } from '../../lab/verdict';
import { type DevtoolsSession, hasChromium, openDevtools, type Tab } from '../support/devtools';
import { PanelPage } from '../support/panel-page';

// Each of the five documents tells of a failure and of what was tried. Its failure is made again with real components,
// and the panel must end with the finding and the recipe that would have ended the search.

interface Reproduction {
  /** Scenario of the lab. */
  scenario: string;
  finding: RuleId;
  /** Tab of the recipe that it opens on. */
  platform: RegExp;
  /** What the recipe must say there: the fix, or what to look at first. */
  says: RegExp[];
}

const DOCUMENTS: Record<string, Reproduction[]> = {
  // "POST /chat fails with ERR_HTTP2_PROTOCOL_ERROR": its upstream died in mid-body, behind a gateway that speaks HTTP/2.
  '000_f43a27df2c069156.txt': [
    {
      scenario: 'upstream-death-http2',
      finding: 'http2-protocol-error',
      platform: /nginx/,
      says: [/upstream/],
    },
  ],
  // "The job is 404 at every other poll": no affinity at all, then affinity whose cookie the page never returns.
  '001_ca2a4bd3fe6f607d.txt': [
    {
      scenario: 'round-robin-jobs',
      finding: 'missing-affinity',
      platform: /nginx/,
      says: [/ip_hash|hash /],
    },
    {
      scenario: 'omitted-credentials',
      finding: 'omitted-credentials',
      platform: /./,
      says: [/credentials: 'include'/],
    },
  ],
  // "Streams locally, arrives all at once in staging", although the application says X-Accel-Buffering: no.
  '002_1ebeed7eb15dba47.txt': [
    {
      scenario: 'nginx-two-hops',
      finding: 'buffered-stream',
      platform: /nginx/,
      says: [/proxy_buffering off;/],
    },
  ],
  // "504 Gateway Timeout on POST …execute-api…/chat/stream", after 29 s.
  '003_e4d6598c67b82dc6.txt': [
    {
      scenario: 'api-gateway-timeout',
      finding: 'gateway-timeout',
      platform: /API Gateway/,
      says: [/STREAM/],
    },
  ],
  // "WebSocket connection to wss://….awsapprunner.com/socket.io/ failed": Socket.IO that starts with WebSocket.
  '004_eabe6d93a2f6ee54.txt': [
    {
      scenario: 'socket-io-websocket-only',
      finding: 'refused-upgrade',
      platform: /App Runner/,
      says: [/polling/],
    },
    {
      scenario: 'socket-io-polling-only',
      finding: 'stuck-polling',
      platform: /App Runner/,
      says: [/polling/],
    },
  ],
};

const gatewaysAreThere = findProgram('nginx') !== null && findProgram('haproxy') !== null;
const canRun = hasChromium() && (gatewaysAreThere || process.env.CI === 'true');

describe.skipIf(!canRun)(
  'the failure that a document tells of ends with the right finding and its recipe',
  () => {
    let lab: Lab;
    let session: DevtoolsSession;
    /** Waits for half a minute, so it waits beside the others. */
    let slow: { tab: Tab; scenario: Scenario; done: Promise<void> };

    beforeAll(async () => {
      lab = await startLab();
      session = await openDevtools({ args: lab.chromiumArgs, viewport: { width: 1400, height: 900 } });
      const scenario = lab.scenario('api-gateway-timeout');
      const tab = await session.openTab(pageOf(scenario));
      slow = { tab, scenario, done: run(tab, scenario) };
      await session.page.bringToFront();
    });

    afterAll(async () => {
      await slow?.done.catch(() => undefined);
      await session?.close();
      await lab?.stop();
    });

    async function run({ page }: Tab, scenario: Scenario): Promise<void> {
      if (scenario.unavailable) throw new Error(scenario.unavailable);
      await page.evaluate((id) => window.lab.run(id), scenario.id);
    }

    async function check(
      tab: Tab,
      scenario: Scenario,
      expected: Reproduction,
      document: string,
    ): Promise<void> {
      const panel = new PanelPage(tab);
      const { findings, failures } = await panel.settled();
      expect(failures).toEqual([]);
      const { missing, unexpected } = judgeScenario(scenario, findings);
      expect({ missing, unexpected }).toEqual({ missing: [], unexpected: [] });
      const finding = findings.find(({ id }) => id === expected.finding)!;
      expect(finding.sources).toContain(document);

      // Of jobs and Socket.IO sessions this is the row of the group, which has the findings of all its streams.
      await panel
        .rows()
        .filter({ has: panel.frame.locator('.badge.error, .badge.warning') })
        .first()
        .click();
      const card = panel.finding(expected.finding);
      await card.waitFor();
      expect(await card.locator('.finding-summary').textContent()).toBe(finding.summary);
      const title = recipeOf(expected.finding)!.title;
      const recipe = panel.recipe(title);
      if (!(await recipe.isVisible())) await card.getByRole('button', { name: 'How to fix it' }).click();
      expect(await panel.platform(recipe)).toMatch(expected.platform);
      const text = (await recipe.textContent()) ?? '';
      for (const words of expected.says) expect(text).toMatch(words);
      expect(text).toContain(document);
    }

    it.each(Object.entries(DOCUMENTS))('%s', async (document, reproductions) => {
      expect(documentOf(document)?.findings).toEqual(
        expect.arrayContaining(reproductions.map(({ finding }) => finding)),
      );
      for (const expected of reproductions) {
        const scenario = lab.scenario(expected.scenario);
        if (scenario === slow.scenario) {
          await slow.tab.page.bringToFront();
          await slow.done;
          await check(slow.tab, scenario, expected, document);
          continue;
        }
        await session.page.goto(pageOf(scenario));
        await run(session, scenario);
        await check(session, scenario, expected, document);
      }
    });
  },
);
