package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	podutil "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/apis/core/validation"
)

// Judged is what the API server says of one document.
type Judged struct {
	Kind   string   `json:"kind"`
	Errors []string `json:"errors"`
}

// validate reads the documents of one file as the API server does: decoded strictly, with its defaults, and judged.
func validate(path string) ([]Judged, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	judged := []Judged{}
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return judged, nil
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(stripped(document))) > 0 {
			judged = append(judged, judge(document))
		}
	}
}

// stripped is a document without comments: one that has nothing else is no document.
func stripped(document []byte) []byte {
	var kept [][]byte
	for _, line := range bytes.Split(document, []byte("\n")) {
		text := bytes.TrimSpace(line)
		if !bytes.HasPrefix(text, []byte("#")) && !bytes.Equal(text, []byte("---")) {
			kept = append(kept, line)
		}
	}
	return bytes.Join(kept, []byte("\n"))
}

func judge(document []byte) Judged {
	strict := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)
	object, err := runtime.Decode(strict.UniversalDecoder(), document)
	if err != nil {
		return Judged{Errors: []string{err.Error()}}
	}
	var found field.ErrorList
	kind := "?"
	switch one := object.(type) {
	case *core.Pod:
		kind, one.Namespace = "Pod", "default"
		options := podutil.GetValidationOptionsFromPodSpecAndMeta(&one.Spec, nil, &one.ObjectMeta, nil)
		found = validation.ValidatePodCreate(one, options)
	case *apps.Deployment:
		kind, one.Namespace = "Deployment", "default"
		options := podutil.GetValidationOptionsFromPodTemplate(&one.Spec.Template, nil)
		found = appsvalidation.ValidateDeployment(one, options)
	case *core.Service:
		kind, one.Namespace = "Service", "default"
		found = validation.ValidateServiceCreate(one)
	case *core.ConfigMap:
		kind, one.Namespace = "ConfigMap", "default"
		found = validation.ValidateConfigMap(one)
	case *core.Secret:
		kind, one.Namespace = "Secret", "default"
		found = validation.ValidateSecret(one)
	}
	texts := []string{}
	for _, one := range found {
		texts = append(texts, one.Error())
	}
	return Judged{Kind: kind, Errors: texts}
}
