// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of the configuration.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { schemaFile } from '../src/schema-file.js';

it('earshot.schema.json is what the schema says', () => {
  expect(readFileSync(new URL('../earshot.schema.json', import.meta.url), 'utf8')).toBe(schemaFile());
});

it('takes a placeholder wherever the environment may fill in a number or an address', () => {
  const { port } = JSON.parse(schemaFile()).properties.control.anyOf[1].properties;
  const [itself, placeholder] = port.anyOf;
  expect(itself).toMatchObject({ type: 'integer', minimum: 0, maximum: 65535 });
  expect('${PORT:-4747}').toMatch(new RegExp(placeholder.pattern));
  expect('4747').not.toMatch(new RegExp(placeholder.pattern));
});
