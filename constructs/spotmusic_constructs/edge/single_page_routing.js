// Addresses of the web player exist in the browser only: whatever has no file ending is its page.
// Error responses of the distribution could do the same, but they would turn the API's 403 and 404 into that page too.
function handler(event) {
    var request = event.request;
    var last = request.uri.substring(request.uri.lastIndexOf('/') + 1);
    if (request.uri !== '/.well-known' && request.uri.indexOf('/.well-known/') !== 0 && last.indexOf('.') === -1) {
        request.uri = '/index.html';
    }
    return request;
}
