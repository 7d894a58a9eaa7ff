import { expect, it } from 'vitest';
import { fromServer } from '../../../src/build/development-pages-plugin';

it("takes a page's modules from the development server, and nothing else", () => {
  const html =
    '<html><head><link rel="stylesheet" href="../base.css" /></head><body><a href="https://example.org/">x</a>' +
    '<script type="module" src="./panel.tsx"></script></body></html>';
  expect(fromServer(html, 'src/views/panel/panel.html', 'http://localhost:5173/')).toBe(
    '<html><head><link rel="stylesheet" href="http://localhost:5173/src/views/base.css" />' +
      '<script type="module" src="http://localhost:5173/@vite/client"></script></head><body><a href="https://example.org/">x</a>' +
      '<script type="module" src="http://localhost:5173/src/views/panel/panel.tsx"></script></body></html>',
  );
});
