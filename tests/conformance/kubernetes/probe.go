package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	kubepod "k8s.io/kubernetes/pkg/kubelet/pod"
	"k8s.io/kubernetes/pkg/kubelet/prober"
	"k8s.io/kubernetes/pkg/kubelet/prober/results"
	"k8s.io/kubernetes/pkg/kubelet/status"
	statustest "k8s.io/kubernetes/pkg/kubelet/status/testing"
	kubeletutil "k8s.io/kubernetes/pkg/kubelet/util"
)

// Settings of one probe, in seconds as in a manifest.
type Settings struct {
	InitialDelay, Period, Timeout, Success, Failure int32
}

// Trial says which probes a container has, and when its application fails: [from, to) in seconds for each path.
type Trial struct {
	Startup, Liveness, Readiness *Settings
	Fails                        map[string][][2]float64
	Seconds                      float64
}

// Seen is a request that was asked, or a result that changed.
type Seen struct {
	Second float64 `json:"second"`
	Probe  string  `json:"probe"`
	Result string  `json:"result"`
}

// try runs the kubelet's own probe workers against a server of ours.
func try(trial Trial) []Seen {
	ctx := context.Background()
	logger := klog.Background()
	var lock sync.Mutex
	seen := []Seen{}
	var begun time.Time
	tell := func(probe, result string) {
		lock.Lock()
		defer lock.Unlock()
		seen = append(seen, Seen{time.Since(begun).Seconds(), probe, result})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
			probe, now := request.URL.Path[1:], time.Since(begun).Seconds()
			tell(probe, "asked")
			for _, span := range trial.Fails[probe] {
				if span[0] <= now && now < span[1] {
					writer.WriteHeader(http.StatusServiceUnavailable)
				}
			}
		}))
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	pod := podWith(trial, port)
	pods := kubepod.NewBasicPodManager()
	pods.AddPod(pod)
	states := status.NewManager(&fake.Clientset{}, pods, &statustest.FakePodDeletionSafetyProvider{}, kubeletutil.NewPodStartupLatencyTracker())
	liveness, readiness, startup := results.NewManager(), results.NewManager(), results.NewManager()
	manager := prober.NewManager(states, liveness, readiness, startup, nil, &record.FakeRecorder{})
	longest := int32(1)
	for _, settings := range []*Settings{trial.Startup, trial.Liveness, trial.Readiness} {
		if settings != nil && settings.Period > longest {
			longest = settings.Period
		}
	}
	// A kubelet that is younger than a period waits for a random part of it before its first look.
	time.Sleep(time.Duration(longest)*time.Second + 100*time.Millisecond)
	begun = time.Now()
	first := runningStatus(begun)
	started := trial.Startup == nil
	first.ContainerStatuses[0].Started = &started
	states.SetPodStatus(logger, pod, first)
	manager.AddPod(ctx, pod)
	end := time.After(time.Duration(trial.Seconds * float64(time.Second)))
	for {
		select {
		case one := <-liveness.Updates():
			tell("liveness", one.Result.String())
		case one := <-readiness.Updates():
			tell("readiness", one.Result.String())
		case one := <-startup.Updates():
			tell("startup", one.Result.String())
			done := one.Result == results.Success
			states.SetContainerStartup(logger, pod.UID, kubecontainer.ContainerID{Type: "test", ID: "one"}, done)
		case <-end:
			lock.Lock()
			defer lock.Unlock()
			return seen
		}
	}
}

func podWith(trial Trial, port int) *v1.Pod {
	probe := func(name string, settings *Settings) *v1.Probe {
		if settings == nil {
			return nil
		}
		handler := v1.ProbeHandler{HTTPGet: &v1.HTTPGetAction{Path: "/" + name, Port: intstr.FromInt32(int32(port)), Host: "127.0.0.1", Scheme: "HTTP"}}
		return &v1.Probe{
			ProbeHandler: handler, InitialDelaySeconds: settings.InitialDelay, PeriodSeconds: settings.Period,
			TimeoutSeconds: settings.Timeout, SuccessThreshold: settings.Success, FailureThreshold: settings.Failure,
		}
	}
	container := v1.Container{
		Name: "app", StartupProbe: probe("startup", trial.Startup), LivenessProbe: probe("liveness", trial.Liveness),
		ReadinessProbe: probe("readiness", trial.Readiness),
	}
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod", Namespace: "default", UID: "1"},
		Spec:       v1.PodSpec{RestartPolicy: v1.RestartPolicyAlways, Containers: []v1.Container{container}},
	}
}

func runningStatus(begun time.Time) v1.PodStatus {
	return v1.PodStatus{
		Phase: v1.PodRunning, PodIP: "127.0.0.1",
		ContainerStatuses: []v1.ContainerStatus{{
			Name: "app", ContainerID: "test://one",
			State: v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: metav1.NewTime(begun)}},
		}},
	}
}
