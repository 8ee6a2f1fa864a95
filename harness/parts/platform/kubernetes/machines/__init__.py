"""What a kubelet and a cluster's controllers decide, as pure machines: probes, containers, pods, deployments."""
