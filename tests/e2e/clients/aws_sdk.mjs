// aws_sdk.mjs SDK ENDPOINT BUCKET FILE: what the AWS SDK for JavaScript v3 does with its defaults. SDK is a folder whose
// node_modules holds @aws-sdk/client-s3, lib-storage and s3-request-presigner; the keys are in the environment.
import { createRequire } from "node:module";
import { createReadStream, readFileSync } from "node:fs";
import assert from "node:assert";

const [sdk, endpoint, Bucket, file] = process.argv.slice(2);
const require = createRequire(`${sdk}/`);
const s3 = require("@aws-sdk/client-s3");
const { Upload } = require("@aws-sdk/lib-storage");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");

const client = new s3.S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1 });
const whole = readFileSync(file);
const send = (name, input) => client.send(new s3[`${name}Command`]({ Bucket, ...input }));
const content = async (input) => Buffer.from(await (await send("GetObject", input)).Body.transformToByteArray());

await send("PutObject", { Key: "text", Body: "hello world" });
assert.equal((await content({ Key: "text" })).toString(), "hello world");
assert.equal((await content({ Key: "text", Range: "bytes=6-8" })).toString(), "wor");
// A stream: its checksum comes behind it.
await send("PutObject", { Key: "stream", Body: createReadStream(file), ContentLength: whole.length });
assert.ok(whole.equals(await content({ Key: "stream" })));
await new Upload({ client, params: { Bucket, Key: "large/many parts", Body: createReadStream(file) }, partSize: 8 << 20 }).done();
assert.ok(whole.equals(await content({ Key: "large/many parts" })));
await send("CopyObject", { Key: "copy", CopySource: `${Bucket}/large/many%20parts` });
assert.equal((await send("HeadObject", { Key: "copy" })).ContentLength, whole.length);
const listed = async () => ((await send("ListObjectsV2", {})).Contents ?? []).map((object) => object.Key);
assert.deepEqual(await listed(), ["copy", "large/many parts", "stream", "text"]);

const place = { Bucket, Key: "presigned" };
const put = await fetch(await getSignedUrl(client, new s3.PutObjectCommand(place)), { method: "PUT", body: "by URL" });
assert.equal(put.status, 200, await put.text());
const got = await fetch(await getSignedUrl(client, new s3.GetObjectCommand(place)));
assert.equal(await got.text(), "by URL");

await send("DeleteObject", { Key: "presigned" });
await send("DeleteObjects", { Delete: { Objects: (await listed()).map((Key) => ({ Key })) } });
assert.deepEqual(await listed(), []);
console.log("all is well");
