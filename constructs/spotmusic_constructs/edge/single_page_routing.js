// Addresses of the web player exist in the browser only: whatever is no file is its page. A file is known by its ending; a name such as
// AC.DC or joao.silva has none of these.
// Error responses of the distribution could do the same, but they would turn the API's 403 and 404 into that page too.
var FILE = new RegExp('\\.(?:avif|br|bin|css|csv|gif|gz|html?|ico|jpe?g|js|json|m4a|map|mjs|mp[34]|ogg|otf|pdf|png|svg|ttf|txt|wasm|wav|' +
    'webm|webmanifest|webp|woff2?|xml|zip)$', 'i');
// What looks like the API and has no behavior of its own (a misspelt path, a version that is gone) must not get a page with 200.
var API = /^\/+(?:v[0-9]+|auth|audio)(?:\/|$)/i;

function handler(event) {
    var request = event.request;
    if (API.test(request.uri)) {
        return {
            statusCode: 404,
            statusDescription: 'Not Found',
            headers: { 'content-type': { value: 'application/json' }, 'cache-control': { value: 'no-store' } },
            body: { encoding: 'text', data: '{"message":"Not found"}' }
        };
    }
    if (request.uri !== '/.well-known' && request.uri.indexOf('/.well-known/') !== 0 && !FILE.test(request.uri)) {
        request.uri = '/index.html';
    }
    return request;
}
