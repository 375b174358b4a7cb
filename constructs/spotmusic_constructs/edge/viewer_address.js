// Sets the address of the viewer, by which the gateway counts requests: X-Forwarded-For begins with
// the viewer's own text and ends with addresses of CloudFront.
// The request id is that of CloudFront's access log (x-edge-request-id), from the edge to the log
// of the service. It replaces the viewer's own, which could repeat another id or be too long, and
// which moves to X-Viewer-Request-ID: signatures of webhooks may cover it (Mercado Pago).
function handler(event) {
    var request = event.request;
    var own = request.headers['x-request-id'];
    if (own) {
        request.headers['x-viewer-request-id'] = { value: own.value };
    }
    request.headers['x-viewer-address'] = { value: event.viewer.ip };
    request.headers['x-request-id'] = { value: event.context.requestId };
    return request;
}
