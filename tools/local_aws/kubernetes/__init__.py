"""Kubernetes for the embedded AWS: an API server that the provider function's Helm and kubectl use.

The API server comes from `KUBEBUILDER_ASSETS` (etcd and kube-apiserver, the convention of envtest)
or from a disposable cluster in `KUBECONFIG`. Without either, releases are recorded. Begin with
`connection.py`.
"""
