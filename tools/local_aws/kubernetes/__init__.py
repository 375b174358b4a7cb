"""The Kubernetes half of the embedded AWS: a real API server, which the provider function's own helm and kubectl talk to.

The API server comes from `KUBEBUILDER_ASSETS` (etcd and kube-apiserver, the convention of envtest) or from a disposable cluster that
`KUBECONFIG` names. Without either, releases are recorded. `connection.py` is where to begin.
"""
