/** Figures as people read them. */

export const perSecond = (number) => `${Math.round(number).toLocaleString('en')}/s`;
export const milliseconds = (ms) => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);
export const megabytes = (mb) => `${Math.round(mb)} MB`;
export const kilobytes = (bytes) => `${(bytes / 1_000).toFixed(1)} KB`;
export const nanoseconds = (ns) => `${Math.round(ns).toLocaleString('en')} ns`;
