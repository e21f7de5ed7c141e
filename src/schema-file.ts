/** earshot.schema.json: the configuration's schema for editors, generated from the one that checks it. */
import * as z from 'zod';
import { configSchema } from './schema.js';

/** What a value may be instead of itself: text that the environment fills in. */
const PLACEHOLDER = { type: 'string', pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}' };

/** The file's text. */
export function schemaFile(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (!isRestricted(jsonSchema)) return;
      const { description, default: otherwise, ...own } = jsonSchema;
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      Object.assign(jsonSchema, {
        ...(description !== undefined && { description }),
        ...(otherwise !== undefined && { default: otherwise }),
        anyOf: [own, PLACEHOLDER],
      });
    },
  });
  const document = { ...schema, title: 'earshot.yaml', description: 'The configuration of Earshot' };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Whether an editor would refuse a placeholder here. A discriminator stays as it is: it chooses the branch. */
function isRestricted({ type, pattern, format, enum: options }: z.core.JSONSchema.BaseSchema): boolean {
  if (type === 'string') return pattern !== undefined || format !== undefined || options !== undefined;
  return type === 'number' || type === 'integer' || type === 'boolean';
}
