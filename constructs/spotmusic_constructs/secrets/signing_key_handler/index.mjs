// Makes the key pair of Custom::SigningKeyPair: the private key goes into its secret, the public key to CloudFormation.
// It answers CloudFormation itself, so that nothing but this file handles a private key.
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { request } from "node:https";
import { request as plainRequest } from "node:http";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

const secrets = new SecretsManagerClient({});
const POLL_SECONDS = 5;
const GRANT_POLLS = 8; // forty seconds: the function has sixty
// Buckets of CloudFormation in each region (AWS CloudFormation user guide, custom resources, 2026-11).
const BUCKETS = /^https:\/\/cloudformation-custom-resource-response-[a-z0-9-]+\.s3[a-z0-9.-]*\.amazonaws\.com(\.cn)?\//;

export async function handler(event) {
  requireCloudFormation(event.ResponseURL);
  const { SecretArn, KeyName } = event.ResourceProperties;
  try {
    // A deleted pair keeps its secret: whether that goes is for the secret's own deletion policy to say.
    const data = event.RequestType === "Delete" ? {} : { PublicKey: await publicKey(SecretArn, KeyName, event.RequestId) };
    await answer(event, { Status: "SUCCESS", Data: data });
  } catch (error) {
    console.error(JSON.stringify({ level: "ERROR", request: event.RequestType, error: error.name }));
    await answer(event, { Status: "FAILED", Reason: `No key pair for ${KeyName}: ${error.name}: ${error.message}` });
  }
}

// A pair that is there stays: an update, a retry or a second delivery of one request must not invalidate signed URLs.
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

// Rejects an event whose answer does not go to CloudFormation, before anything is done for it. The embedded AWS answers at
// its own endpoint, which the functions of an account do not have.
function requireCloudFormation(url) {
  const embedded = process.env.AWS_ENDPOINT_URL;
  if (BUCKETS.test(url) || (embedded && url.startsWith(`${embedded}/`))) return;
  throw new Error(`${url} is no address of CloudFormation. Only CloudFormation sends such an event.`);
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
  const send = url.protocol === "http:" ? plainRequest : request; // http only where CloudFormation is emulated
  const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const put = send(url, { method: "PUT", headers }, (response) => {
      response.resume();
      response.on("end", () => (response.statusCode < 400 ? resolve() : reject(new Error(`CloudFormation answered ${response.statusCode}`))));
    });
    put.on("error", reject);
    put.end(body);
  });
}
