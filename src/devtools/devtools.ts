import browser from 'webextension-polyfill';
import { LiveRecording } from '../store/recording';
import { TapSession } from '../store/tap-session';
import { BridgeHub } from './bridge-hub';
import { readFinishedRequest } from './har-entries';
import { PanelLink } from './panel-link';
import { Recorder } from './recorder';
import { listenToRequests, WebRequestViews } from './web-request-views';
import { WorkerLink } from './worker-link';

const { inspectedWindow, network } = chrome.devtools;
const { tabId } = inspectedWindow;

const live = new LiveRecording({
  meta: { recorder: 'extension', recorderVersion: browser.runtime.getManifest().version },
});
const worker = new WorkerLink(tabId);
const recorder = new Recorder(live, {
  // Without registered scripts the reload would record nothing of the page's own view.
  reload: () => void worker.registered.then(() => inspectedWindow.reload({})),
  openDashboard: () => worker.send({ type: 'dashboard' }),
  show: (recording) => panel.show(recording),
});
const panel = new PanelLink(live, () => recorder);

const hub = new BridgeHub(
  tabId,
  (sender) =>
    new TapSession(live, {
      frameKey: sender.documentId ?? null,
      isTop: sender.frameId === 0,
      onTopDocument: (document) => recorder.topDocument(document),
    }),
);
browser.runtime.onConnect.addListener((port) => hub.accept(port));

listenToRequests(
  tabId,
  new WebRequestViews(
    (view) => live.network(view),
    (startedEpochMs) => recorder.mainRequest(startedEpochMs),
  ),
);

network.onRequestFinished.addListener((request) => {
  void readFinishedRequest(request as unknown as Parameters<typeof readFinishedRequest>[0]).then((view) => {
    if (view) live.har(view);
  });
});
network.onNavigated.addListener(() => recorder.navigated());
