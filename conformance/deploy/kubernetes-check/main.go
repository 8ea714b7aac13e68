// Command kubernetes-check reads rendered manifests from standard input and treats each object as a Kubernetes API
// server does when it is created: decoded strictly (an unknown or repeated field is an error), filled with defaults,
// validated by Kubernetes' own code. Pods are then held against the "restricted" Pod Security Standard. Objects of the
// Gateway API and of the Prometheus operator are decoded strictly.
//
// It prints a line for each object, `kind/name`, then what is wrong with it, and ends with 1 when anything is.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	podutil "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	autoscalingvalidation "k8s.io/kubernetes/pkg/apis/autoscaling/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
	podsecurity "k8s.io/pod-security-admission/api"
	podsecuritypolicy "k8s.io/pod-security-admission/policy"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
)

const namespace = "registry"

func main() {
	wrong, err := checkAll(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if wrong {
		os.Exit(1)
	}
}

func checkAll(manifests io.Reader, report io.Writer) (wrong bool, err error) {
	for _, add := range []func(*runtime.Scheme) error{monitoring.AddToScheme, gateway.Install} {
		if err := add(legacyscheme.Scheme); err != nil {
			return false, err
		}
	}
	codecs := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)
	reader := utilyaml.NewYAMLReader(bufio.NewReader(manifests))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return wrong, nil
		}
		if err != nil {
			return wrong, err
		}
		if isEmpty(document) {
			continue
		}
		name, problems := check(codecs, document)
		fmt.Fprintln(report, name)
		for _, problem := range problems {
			fmt.Fprintf(report, "  %v\n", problem)
			wrong = true
		}
	}
}

// isEmpty tells whether a document is comments and space alone.
func isEmpty(document []byte) bool {
	for line := range bytes.Lines(document) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("---")) {
			return false
		}
	}
	return true
}

func check(codecs serializer.CodecFactory, document []byte) (name string, problems []error) {
	versioned, kind, err := codecs.UniversalDeserializer().Decode(document, nil, nil)
	if err != nil {
		return "an object that cannot be decoded", []error{err, fmt.Errorf("it is:\n%s", document)}
	}
	named, err := meta.Accessor(versioned)
	if err != nil {
		return kind.Kind, []error{err}
	}
	name = kind.Kind + "/" + named.GetName()
	problems = checkPods(versioned)
	switch versioned.(type) {
	case *monitoring.ServiceMonitor, *monitoring.PrometheusRule, *gateway.HTTPRoute:
		// Kubernetes' own code knows nothing of these.
		return name, problems
	}
	legacyscheme.Scheme.Default(versioned)
	internal, err := legacyscheme.Scheme.ConvertToVersion(versioned, runtime.InternalGroupVersioner)
	if err != nil {
		return name, append(problems, err)
	}
	if named, err = meta.Accessor(internal); err != nil {
		return name, append(problems, err)
	}
	named.SetNamespace(namespace)
	path := field.NewPath("metadata")
	found := metavalidation.ValidateObjectMetaAccessor(named, true, metavalidation.NameIsDNSSubdomain, path)
	found = append(found, validate(internal)...)
	for _, each := range found {
		problems = append(problems, each)
	}
	return name, problems
}

// validate asks what the API server asks before it creates an object.
func validate(internal runtime.Object) field.ErrorList {
	switch object := internal.(type) {
	case *apps.Deployment:
		options := podutil.GetValidationOptionsFromPodTemplate(&object.Spec.Template, nil)
		return appsvalidation.ValidateDeployment(object, options)
	case *autoscaling.HorizontalPodAutoscaler:
		options := autoscalingvalidation.HorizontalPodAutoscalerSpecValidationOptions{MinReplicasLowerBound: 1}
		return autoscalingvalidation.ValidateHorizontalPodAutoscaler(object, options)
	case *core.ConfigMap:
		return corevalidation.ValidateConfigMap(object)
	case *core.PersistentVolumeClaim:
		options := corevalidation.ValidationOptionsForPersistentVolumeClaim(object, nil)
		return corevalidation.ValidatePersistentVolumeClaim(object, options)
	case *core.Pod:
		options := podutil.GetValidationOptionsFromPodSpecAndMeta(&object.Spec, nil, &object.ObjectMeta, nil)
		options.ResourceIsPod = true
		return corevalidation.ValidatePodCreate(object, options)
	case *core.Secret:
		return corevalidation.ValidateSecret(object)
	case *core.Service:
		allocate(object)
		return corevalidation.ValidateServiceCreate(object)
	case *core.ServiceAccount:
		return corevalidation.ValidateServiceAccount(object)
	case *networking.Ingress:
		return networkingvalidation.ValidateIngressCreate(object)
	case *networking.NetworkPolicy:
		options := networkingvalidation.ValidationOptionsForNetworking(object, nil)
		return networkingvalidation.ValidateNetworkPolicy(object, options)
	case *policy.PodDisruptionBudget:
		return policyvalidation.ValidatePodDisruptionBudget(object, policyvalidation.PodDisruptionBudgetValidationOptions{})
	}
	return field.ErrorList{field.Invalid(field.NewPath("kind"), fmt.Sprintf("%T", internal), "nothing here can validate it")}
}

// allocate fills in what the API server's allocators do before a Service is validated.
func allocate(created *core.Service) {
	if created.Spec.ClusterIP != "" && len(created.Spec.ClusterIPs) == 0 {
		created.Spec.ClusterIPs = []string{created.Spec.ClusterIP}
	}
	isLocal := created.Spec.ExternalTrafficPolicy == core.ServiceExternalTrafficPolicyLocal
	if isLocal && created.Spec.Type == core.ServiceTypeLoadBalancer && created.Spec.HealthCheckNodePort == 0 {
		created.Spec.HealthCheckNodePort = 30000
	}
}

// checkPods holds the pods of an object against the strictest of the Pod Security Standards.
func checkPods(object runtime.Object) []error {
	var metadata metav1.ObjectMeta
	var spec corev1.PodSpec
	switch holder := object.(type) {
	case *appsv1.Deployment:
		metadata, spec = holder.Spec.Template.ObjectMeta, holder.Spec.Template.Spec
	case *corev1.Pod:
		metadata, spec = holder.ObjectMeta, holder.Spec
	default:
		return nil
	}
	evaluator, err := podsecuritypolicy.NewEvaluator(podsecuritypolicy.DefaultChecks(), nil)
	if err != nil {
		return []error{err}
	}
	restricted := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	result := podsecuritypolicy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &metadata, &spec))
	if result.Allowed {
		return nil
	}
	return []error{fmt.Errorf("not restricted: %s", result.ForbiddenDetail())}
}
