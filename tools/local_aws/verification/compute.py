"""Container registries, clusters, services, functions and schedules."""

from collections.abc import Iterator

from tools.local_aws.verification.reading import Check, Reader, differs, named, only


def _repository(reader: Reader) -> Iterator[str]:
    repository = only(reader.api("ecr").describe_repositories(repositoryNames=[reader.id])["repositories"])
    yield from reader.same("ImageTagMutability", repository["imageTagMutability"])


def _ecs_cluster(reader: Reader) -> Iterator[str]:
    cluster = only(reader.api("ecs").describe_clusters(clusters=[reader.id])["clusters"])
    if cluster["status"] == "INACTIVE":
        raise LookupError("inactive")
    yield from differs("status", "ACTIVE", cluster["status"])


def _task_definition(reader: Reader) -> Iterator[str]:
    definition = reader.api("ecs").describe_task_definition(taskDefinition=reader.id)["taskDefinition"]
    if definition["status"] != "ACTIVE":
        raise LookupError(definition["status"])
    yield from reader.same("Cpu", definition["cpu"])
    yield from reader.same("Memory", definition["memory"])
    wanted = [container["Name"] for container in reader.wanted("ContainerDefinitions", [])]
    yield from differs("containers", wanted, [container["name"] for container in definition["containerDefinitions"]])
    secrets = [secret["Name"] for container in reader.wanted("ContainerDefinitions", []) for secret in container.get("Secrets", [])]
    told = [secret.get("name") for container in definition["containerDefinitions"] for secret in container.get("secrets", [])]
    yield from differs("secrets", secrets, told)


def _service(reader: Reader) -> Iterator[str]:
    cluster = reader.id.split("/")[-2]
    service = only(reader.api("ecs").describe_services(cluster=cluster, services=[reader.id])["services"])
    if service["status"] == "INACTIVE":
        raise LookupError("inactive")
    yield from reader.same("DesiredCount", service["desiredCount"])
    yield from differs("load balancers", len(reader.wanted("LoadBalancers", [])), len(service.get("loadBalancers", [])))


def _eks_cluster(reader: Reader) -> Iterator[str]:
    cluster = reader.api("eks").describe_cluster(name=reader.id)["cluster"]
    yield from differs("status", "ACTIVE", cluster["status"])
    yield from reader.same("Version", cluster["version"])


def _addon(reader: Reader) -> Iterator[str]:
    cluster, name = reader.id.split("|")
    yield from reader.same("AddonName", reader.api("eks").describe_addon(clusterName=cluster, addonName=name)["addon"]["addonName"])


def _access_entry(reader: Reader) -> Iterator[str]:
    principal, cluster = reader.id.split("|")
    eks = reader.api("eks")
    eks.describe_access_entry(clusterName=cluster, principalArn=principal)
    policies = eks.list_associated_access_policies(clusterName=cluster, principalArn=principal)["associatedAccessPolicies"]
    yield from differs("access policies", len(reader.wanted("AccessPolicies", [])), len(policies))


def _pod_identity(reader: Reader) -> Iterator[str]:
    eks, unique = reader.api("eks"), reader.id.rsplit("/", 1)[-1]
    cluster = reader.id.split("/")[1]
    association = eks.describe_pod_identity_association(clusterName=cluster, associationId=unique)["association"]
    yield from reader.same("Namespace", association["namespace"])
    yield from reader.same("ServiceAccount", association["serviceAccount"])


def _function(reader: Reader) -> Iterator[str]:
    function = reader.api("lambda").get_function(FunctionName=reader.id)["Configuration"]
    for name in ("Runtime", "Handler", "Timeout", "MemorySize"):
        yield from reader.same(name, function.get(name))


def _layer(reader: Reader) -> Iterator[str]:
    reader.api("lambda").get_layer_version_by_arn(Arn=reader.id)
    yield from ()


def _event_rule(reader: Reader) -> Iterator[str]:
    rule = reader.api("events").describe_rule(Name=reader.id.rsplit("/", 1)[-1])
    yield from reader.same("ScheduleExpression", rule.get("ScheduleExpression"))
    yield from reader.same("State", rule["State"])


def _schedule(reader: Reader) -> Iterator[str]:
    scheduler, name = reader.api("scheduler"), reader.id.rsplit("/", 1)[-1]
    group = named(scheduler.list_schedules(NamePrefix=name)["Schedules"], "Name", name)["GroupName"]
    schedule = scheduler.get_schedule(Name=name, GroupName=group)
    yield from reader.same("ScheduleExpression", schedule["ScheduleExpression"])
    yield from reader.same("FlexibleTimeWindow", schedule["FlexibleTimeWindow"])


def _schedule_group(reader: Reader) -> Iterator[str]:
    yield from differs("state", "ACTIVE", reader.api("scheduler").get_schedule_group(Name=reader.id)["State"])


def _namespace(reader: Reader) -> Iterator[str]:
    yield from reader.same("Name", reader.api("servicediscovery").get_namespace(Id=reader.id)["Namespace"]["Name"])


def _discovery_service(reader: Reader) -> Iterator[str]:
    yield from reader.same("Name", reader.api("servicediscovery").get_service(Id=reader.id)["Service"]["Name"])


CHECKS: dict[str, Check] = {
    "AWS::ECR::Repository": _repository,
    "AWS::ECS::Cluster": _ecs_cluster,
    "AWS::ECS::TaskDefinition": _task_definition,
    "AWS::ECS::Service": _service,
    "AWS::EKS::Cluster": _eks_cluster,
    "AWS::EKS::Addon": _addon,
    "AWS::EKS::AccessEntry": _access_entry,
    "AWS::EKS::PodIdentityAssociation": _pod_identity,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::LayerVersion": _layer,
    "AWS::Events::Rule": _event_rule,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::Scheduler::ScheduleGroup": _schedule_group,
    "AWS::ServiceDiscovery::Service": _discovery_service,
    "AWS::ServiceDiscovery::HttpNamespace": _namespace,
    "AWS::ServiceDiscovery::PrivateDnsNamespace": _namespace,
}
