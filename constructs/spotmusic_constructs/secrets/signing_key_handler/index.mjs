// Creates the key pair of Custom::SigningKeyPair: stores the private key in its secret and returns
// the public key to CloudFormation. Only this file handles a private key.
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { request } from "node:https";
import { request as plainRequest } from "node:http";
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";

const secrets = new SecretsManagerClient({});
const POLL_SECONDS = 5;
const GRANT_POLLS = 8; // forty seconds: the function has sixty
// Buckets of CloudFormation in each region (CloudFormation user guide, custom resources, 2026-11).
const BUCKETS = new RegExp(
  "^https://cloudformation-custom-resource-response-[a-z0-9-]+" +
    "\\.s3[a-z0-9.-]*\\.amazonaws\\.com(\\.cn)?/",
);

export async function handler(event) {
  requireCloudFormation(event.ResponseURL);
  const { SecretArn, KeyName } = event.ResourceProperties;
  try {
    // Deletion keeps the secret, which has a deletion policy of its own.
    const pem =
      event.RequestType === "Delete" ? null : await publicKey(SecretArn, KeyName, event.RequestId);
    await answer(event, { Status: "SUCCESS", Data: pem ? { PublicKey: pem } : {} });
  } catch (error) {
    const { name, message } = error;
    console.error(JSON.stringify({ level: "ERROR", request: event.RequestType, error: name }));
    await answer(event, {
      Status: "FAILED",
      Reason: `No key pair for ${KeyName}: ${name}: ${message}`,
    });
  }
}

// Keeps an existing pair: an update, a retry or a second delivery must not invalidate signed URLs.
async function publicKey(secretArn, keyName, requestId) {
  const kept = await privateKey(secretArn);
  if (kept) return derived(kept);
  const pair = generateKeyPairSync("rsa", {
    modulusLength: 2048, // CloudFront takes RSA 2048 and ECDSA P-256; its SDK signers know RSA
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  try {
    await secrets.send(
      new PutSecretValueCommand({
        SecretId: secretArn,
        ClientRequestToken: requestId, // the same request can store one pair only
        SecretString: JSON.stringify({ key_name: keyName, private_key: pair.privateKey }),
      }),
    );
  } catch (error) {
    if (error.name !== "ResourceExistsException") throw error;
  }
  return derived(await privateKey(secretArn));
}

async function privateKey(secretArn, polls = GRANT_POLLS) {
  try {
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
    return SecretString && JSON.parse(SecretString).private_key;
  } catch (error) {
    if (error.name === "ResourceNotFoundException") return undefined; // the secret has no value yet
    // The right on a new secret arrives seconds after this deployment has granted it.
    if (error.name !== "AccessDeniedException" || polls === 0) throw error;
  }
  await new Promise((resolve) => setTimeout(resolve, POLL_SECONDS * 1000));
  return privateKey(secretArn, polls - 1);
}

function derived(privateKeyPem) {
  return createPublicKey(privateKeyPem).export({ type: "spki", format: "pem" });
}

// Rejects an event with an answer for another receiver than CloudFormation. The embedded AWS has
// its own endpoint, which functions in an account do not have.
function requireCloudFormation(url) {
  const embedded = process.env.AWS_ENDPOINT_URL;
  if (BUCKETS.test(url) || (embedded && url.startsWith(`${embedded}/`))) return;
  throw new Error(`${url} is no address of CloudFormation. Only CloudFormation sends such events.`);
}

function answer(event, outcome) {
  const body = JSON.stringify({
    PhysicalResourceId: event.PhysicalResourceId ?? event.ResourceProperties.SecretArn,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    ...outcome,
  });
  const url = new URL(event.ResponseURL);
  const send = url.protocol === "http:" ? plainRequest : request; // http: the embedded AWS
  const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const put = send(url, { method: "PUT", headers }, (response) => {
      response.resume();
      response.on("end", () => {
        if (response.statusCode < 400) resolve();
        else reject(new Error(`CloudFormation answered ${response.statusCode}`));
      });
    });
    put.on("error", reject);
    put.end(body);
  });
}
