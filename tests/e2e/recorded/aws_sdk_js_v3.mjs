// Writes aws_sdk_js_v3.json anew: the requests that the AWS SDK for JavaScript v3 sends, byte for byte. It is not in
// Debian, so the tests replay them. In a folder of its own, with Node.js 20:
//
//   npm install @aws-sdk/client-s3@3 @aws-sdk/s3-request-presigner@3
//   cp .../tests/e2e/recorded/aws_sdk_js_v3.mjs . && node aws_sdk_js_v3.mjs > aws_sdk_js_v3.json
import { createServer, createConnection } from "node:net";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CopyObjectCommand, CreateMultipartUploadCommand,
  DeleteObjectCommand, DeleteObjectsCommand, GetObjectAttributesCommand, GetObjectCommand, GetObjectTaggingCommand,
  HeadBucketCommand, HeadObjectCommand, ListMultipartUploadsCommand, ListObjectsCommand,
  ListObjectsV2Command, ListPartsCommand, PutObjectCommand, PutObjectTaggingCommand, S3Client, UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const PORT = 9000; // it stands in the Host fields
const bodies = {
  "POST uploads": "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>",
  "POST uploadId": "<CompleteMultipartUploadResult><ETag>&quot;e&quot;</ETag></CompleteMultipartUploadResult>",
  "POST delete": "<DeleteResult/>",
  "PUT copy": "<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>",
  "GET": "<ListBucketResult/>",
};

function isWhole(raw) {
  const end = raw.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const head = raw.subarray(0, end).toString("latin1");
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return raw.subarray(end).includes("\r\n0\r\n\r\n");
  const length = /\r\ncontent-length: (\d+)/i.exec(head);
  return raw.length >= end + 4 + (length ? Number(length[1]) : 0);
}

function answerTo(raw) {
  const head = raw.toString("latin1");
  const line = head.split("\r\n")[0];
  const method = line.split(" ")[0];
  let body = method === "GET" ? bodies.GET : "";
  if (method === "POST") body = bodies[`POST ${/uploads|uploadId|delete/.exec(line)[0]}`];
  if (method === "PUT" && /\r\nx-amz-copy-source:/i.test(head)) body = bodies["PUT copy"];
  if (method === "HEAD") body = "";
  return `HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Type: application/xml\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

const server = createServer((socket) => {
  let continued = false;
  let taken = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", (block) => {
    taken = Buffer.concat([taken, block]);
    if (!continued && /\r\nexpect: 100-continue/i.test(taken.toString("latin1"))) {
      continued = true;
      socket.write("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (isWhole(taken)) {
      // What the recording machine runs is nobody's business.
      recorded.push({ name: current, raw: taken.toString("latin1").replace(/os\/linux#\S+/, "os/linux") });
      socket.end(answerTo(taken));
    }
  });
});

const recorded = [];
let current = "";
const common = {
  endpoint: `http://127.0.0.1:${PORT}`, region: "us-east-1", forcePathStyle: true, maxAttempts: 1,
  credentials: { accessKeyId: "FLEETKEY", secretAccessKey: "secret-of-the-fleet" },
};
const client = new S3Client(common);
const expecting = new S3Client({ ...common, expectContinueHeader: true });
const Bucket = "fleet";
const encodePath = (path) => path.split("/").map(encodeURIComponent).join("/");
const stream = (text) => Readable.from([Buffer.from(text)]);

async function send(name, command, by = client) {
  current = name;
  const before = recorded.length;
  try {
    await by.send(command);
  } catch (error) {
    if (recorded.length === before) throw error;
  }
}

async function fetchAs(name, command, options, init) {
  current = name;
  const url = new URL(await getSignedUrl(client, command, options));
  const body = init?.body ?? "";
  const head = [`${init?.method ?? "GET"} ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, "Accept: */*",
    ...(body ? [`Content-Length: ${body.length}`] : []), "", ""].join("\r\n");
  await new Promise((done) => createConnection(PORT, "127.0.0.1").on("close", done).on("data", () => {}).end(head + body));
}

await new Promise((done) => server.listen(PORT, "127.0.0.1", done));

const keys = {
  "plain": "a.json", "unicode": "grüße/日本語/🚚.MF4", "spaces": "a b  c", "plus": "a+b", "percent": "100%",
  "an escape": "50%20off", "two slashes": "a//b", "slash at the end": "a/", "two slashes at the end": "a//",
  "marks": "!\"#$&'()*,-.:;<=>@[]^_`{|}~", "question mark": "what?acl",
};
for (const [name, Key] of Object.entries(keys)) {
  await send(`PutObject, key: ${name}`, new PutObjectCommand({ Bucket, Key, Body: "hello" }));
  await send(`GetObject, key: ${name}`, new GetObjectCommand({ Bucket, Key }));
  // In a copy source, some stores take what follows a question mark for a version.
  if (!Key.includes("?")) await send(`CopyObject, key: ${name}`, new CopyObjectCommand({ Bucket, Key, CopySource: encodePath(`${Bucket}/${Key}`) }));
  await fetchAs(`presigned GET, key: ${name}`, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 });
}
const Key = "a.json";
await send("PutObject, nothing", new PutObjectCommand({ Bucket, Key, Body: "" }));
await send("PutObject, stream of known length", new PutObjectCommand({ Bucket, Key, Body: stream("hello"), ContentLength: 5 }));
await send("PutObject, stream with SHA-256", new PutObjectCommand({ Bucket, Key, Body: stream("hello"), ContentLength: 5, ChecksumAlgorithm: "SHA256" }));
await send("PutObject, expectation", new PutObjectCommand({ Bucket, Key, Body: "hello" }), expecting);
await send("PutObject, fields", new PutObjectCommand({
  Bucket, Key, Body: "hello", ContentType: "application/x-mdf", CacheControl: "no-cache, max-age=0", ContentLanguage: "de",
  ContentDisposition: "attachment; filename=\"a b.MF4\"; filename*=UTF-8''%C3%A4", ContentEncoding: "gzip",
  Metadata: { Fw: "01.09.01", "odd-value": "a  b, \"c\" = d;" }, Tagging: "a=b&c=d%20e", StorageClass: "STANDARD", ACL: "private",
  ServerSideEncryption: "AES256", IfNoneMatch: "*", Expires: new Date(0), WebsiteRedirectLocation: "/fleet/b",
}));
await send("GetObject, range and conditions", new GetObjectCommand({
  Bucket, Key, Range: "bytes=0-3,5-", IfMatch: "\"e\"", IfNoneMatch: "*", IfModifiedSince: new Date(0), ChecksumMode: "ENABLED",
}));
await send("GetObject, its answer's fields", new GetObjectCommand({
  Bucket, Key, ResponseContentType: "a/b; c=\"d\"", ResponseContentDisposition: "attachment; filename=\"ä b+c.txt\"", ResponseExpires: new Date(0),
  ResponseCacheControl: "no-store", PartNumber: 1,
}));
await send("HeadObject", new HeadObjectCommand({ Bucket, Key }));
await send("GetObjectAttributes", new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ["ETag", "ObjectSize"] }));
await send("GetObjectTagging", new GetObjectTaggingCommand({ Bucket, Key }));
await send("PutObjectTagging", new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [{ Key: "a", Value: "b" }] } }));
await send("DeleteObject", new DeleteObjectCommand({ Bucket, Key }));
await send("DeleteObjects", new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "a//b" }, { Key: "ü" }] } }));
await send("CreateMultipartUpload", new CreateMultipartUploadCommand({ Bucket, Key: keys.unicode }));
await send("UploadPart", new UploadPartCommand({ Bucket, Key, UploadId: "2~a+b/c=", PartNumber: 1, Body: "hello" }));
await send("UploadPart, stream", new UploadPartCommand({ Bucket, Key, UploadId: "u1", PartNumber: 2, Body: stream("hello"), ContentLength: 5 }));
await send("UploadPartCopy", new UploadPartCopyCommand({ Bucket, Key, UploadId: "u1", PartNumber: 3, CopySource: "/fleet/a.json", CopySourceRange: "bytes=0-4" }));
await send("ListParts", new ListPartsCommand({ Bucket, Key, UploadId: "u1", MaxParts: 10, PartNumberMarker: "1" }));
await send("CompleteMultipartUpload", new CompleteMultipartUploadCommand({ Bucket, Key, UploadId: "u1", MultipartUpload: { Parts: [{ PartNumber: 1, ETag: "\"e\"" }] } }));
await send("AbortMultipartUpload", new AbortMultipartUploadCommand({ Bucket, Key, UploadId: "u1" }));
await send("ListMultipartUploads", new ListMultipartUploadsCommand({ Bucket, Prefix: "a b+c/", Delimiter: "/", EncodingType: "url" }));
await send("ListObjects", new ListObjectsCommand({ Bucket, Prefix: "grüße//", Marker: "a+b%", MaxKeys: 10 }));
await send("ListObjectsV2", new ListObjectsV2Command({ Bucket }));
await send("ListObjectsV2, parameters", new ListObjectsV2Command({
  Bucket, Prefix: "a b+c/ü//%20", Delimiter: "/", StartAfter: "a&b=c", ContinuationToken: "1+/=", FetchOwner: true, EncodingType: "url", MaxKeys: 1000,
}));
await send("HeadBucket", new HeadBucketCommand({ Bucket }));
await fetchAs("presigned PUT", new PutObjectCommand({ Bucket, Key: "a b+c%/ü//", ContentType: "text/plain", Metadata: { a: "b" } }), { expiresIn: 604800 }, { method: "PUT", body: "hello" });
await fetchAs("presigned GET, its answer's fields", new GetObjectCommand({ Bucket, Key, ResponseContentDisposition: "attachment; filename=\"a b.txt\"" }), { expiresIn: 60 });
server.close();

const { version } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("@aws-sdk/client-s3/package.json"), "utf8"));
console.log(JSON.stringify({ made_by: `@aws-sdk/client-s3 ${version}, Node.js ${process.versions.node}: aws_sdk_js_v3.mjs`, requests: recorded }, null, 1));
