// Checks an AsyncAPI document, and the files it refers to, with AsyncAPI's own parser: node asyncapi.mjs PARSER DOCUMENT
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [parserFile, documentFile] = process.argv.slice(2).map((file) => resolve(file));
globalThis.window ??= globalThis;
globalThis.self ??= globalThis;
const loaded = createRequire(import.meta.url)(parserFile);
const Parser = (loaded.default ?? loaded).Parser ?? loaded.default ?? loaded;
const file = { schema: 'file', canRead: true, order: 1, read: (uri) => readFileSync(fileURLToPath(uri.toString()), 'utf8') };
const plain = { schema: '', canRead: true, order: 2, read: (uri) => readFileSync(uri.toString(), 'utf8') };
const parser = new Parser({ __unstable: { resolver: { cache: false, resolvers: [file, plain] } } });
const text = readFileSync(documentFile, 'utf8');
const { document, diagnostics } = await parser.parse(text, { source: documentFile });
for (const { severity, message, path, source } of diagnostics) {
    console.log(`${severity} ${(path ?? []).join('.')}: ${message} ${source ?? ''}`);
}
process.exitCode = document === undefined || diagnostics.some(({ severity }) => severity === 0) ? 1 : 0;
