/** What all services have in common when something goes wrong with them. */
import type { LostAnswer, NetFault } from './plan.js';
import type { Reply } from './web.js';

const NET: Readonly<Record<NetFault, true>> = {
  refused: true,
  dns: true,
  cut: true,
  hang: true,
  redirect: true,
  slow: true,
  torn: true,
  bodyHangs: true,
};

export function isNetFault(how: string): how is NetFault {
  return Object.hasOwn(NET, how);
}

const LOST: Readonly<Record<LostAnswer, Reply>> = {
  throws: { kind: 'answer', answer: { status: 500 }, body: 'throws' },
  takenThenHang: { kind: 'never' },
  takenThenCut: { kind: 'cut' },
  takenThen504: { kind: 'answer', answer: { status: 504, body: '<html><h1>504</h1></html>' } },
  takenThenTorn: {
    kind: 'answer',
    answer: { status: 200, body: { id: '1', content: 'torn in the middle' } },
    body: 'torn',
  },
};

/** How the answer to what was taken is lost; undefined when it is not. */
export function lost(how: string): Reply | undefined {
  return Object.entries(LOST).find(([name]) => name === how)?.[1];
}
