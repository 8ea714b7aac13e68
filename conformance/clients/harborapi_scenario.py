"""Drives a registry through harborapi, whose models accept only what Harbor's clients expect.

Arguments: the address of the API, a username, a password, the name of a project with an image `app:v1` in it.
Ends with 0 when every answer fitted; otherwise the exception says what did not.
"""

import sys
import time

from harborapi import HarborClient
from harborapi.models import (
    ImmutableRule,
    ImmutableSelector,
    Label,
    ProjectMember,
    ProjectReq,
    QuotaUpdateReq,
    ResourceList,
    RetentionPolicy,
    RetentionPolicyScope,
    RetentionRule,
    RetentionRuleTrigger,
    RetentionSelector,
    RobotCreate,
    RobotPermission,
    Access,
    Tag,
    UserCreationReq,
    UserEntity,
    UserGroup,
)

url, username, secret, project = sys.argv[1:5]
client = HarborClient(url=url, username=username, secret=secret, validate=True)

assert client.ping() == "Pong"
assert client.health_check().status == "healthy"
assert client.get_system_info().auth_mode == "db_auth"
client.get_system_volume_info()
assert client.get_statistics().private_project_count is not None
assert client.get_config().auth_mode.value == "db_auth"
assert client.get_current_user().username == username
assert client.get_permissions().project

# Projects, their numbers and members.
other = f"{project}-other"
client.create_project(ProjectReq(project_name=other, public=True, storage_limit=10_000_000))
assert client.project_exists(other)
found = client.get_project(other)
assert found.name == other and found.metadata.public == "true"
assert other in [each.name for each in client.get_projects(query=f"name=~{project}")]
summary = client.get_project_summary(other)
assert summary.quota.hard.root["storage"] == 10_000_000
quotas = client.get_quotas(reference_id=str(found.project_id))
client.update_quota(quotas[0].id, QuotaUpdateReq(hard=ResourceList(root={"storage": 20_000_000})))
assert client.get_quota(quotas[0].id).hard.root["storage"] == 20_000_000

client.create_user(
    UserCreationReq(username=f"{project}-ada", password="Harbor12345", email=f"{project}@example.org", realname="Ada")
)
ada = client.get_users(query=f"username={project}-ada")[0]
assert ada.email == f"{project}@example.org"
client.add_project_member(other, ProjectMember(role_id=2, member_user=UserEntity(username=ada.username)))
members = client.get_project_members(other)
assert [each.role_id for each in members if each.entity_name == ada.username] == [2]
client.create_usergroup(UserGroup(group_name=f"{project}-team", group_type=3))
group = client.search_usergroups(f"{project}-team")[0]
client.add_project_member(other, ProjectMember(role_id=3, member_group=UserGroup(id=group.id)))
assert {each.entity_type for each in client.get_project_members(other)} == {"u", "g"}

# Content.
repository = client.get_repository(project, "app")
assert repository.artifact_count == 1
artifact = client.get_artifact(project, "app", "v1")
assert artifact.tags[0].name == "v1" and artifact.type == "IMAGE"
assert client.get_artifact_build_history(project, "app", "v1") is not None
client.create_artifact_tag(project, "app", "v1", Tag(name="v2"))
assert {each.name for each in client.get_artifact_tags(project, "app", "v1")} == {"v1", "v2"}
client.delete_artifact_tag(project, "app", "v1", "v2")
client.copy_artifact(other, "copied", f"{project}/app:v1")
assert client.get_artifacts(other, "copied")[0].digest == artifact.digest
assert client.get_project_artifacts(other)[0].digest == artifact.digest
client.create_label(Label(name=f"{project}-label", scope="g", color="#ff0000"))
label = client.get_labels(scope="g", name=f"{project}-label")[0]
client.add_artifact_label(project, "app", "v1", label)
assert client.get_artifact(project, "app", "v1", with_label=True).labels[0].name == label.name
client.delete_artifact_label(project, "app", "v1", label.id)
assert client.get_artifact_accessories(project, "app", "v1") == []
assert client.search("app").repository

# Robots, rules, logs.
access = [Access(resource="repository", action="pull")]
robot = client.create_robot(
    RobotCreate(
        name=f"{project}-robot",
        level="system",
        duration=1,
        permissions=[RobotPermission(kind="project", namespace=project, access=access)],
    )
)
assert robot.secret
assert client.get_robot(robot.id).permissions[0].namespace == project
client.refresh_robot_secret(robot.id, "Harbor12345")
client.delete_robot(robot.id)
client.create_project_immutable_tag_rule(
    other,
    ImmutableRule(
        tag_selectors=[ImmutableSelector(kind="doublestar", decoration="matches", pattern="v*")],
        scope_selectors={"repository": [ImmutableSelector(kind="doublestar", decoration="repoMatches", pattern="**")]},
    ),
)
rule = client.get_project_immutable_tag_rules(other)[0]
client.delete_project_immutable_tag_rule(other, rule.id)

# Retention: its policy, a dry run, tasks and their logs.
assert [template.rule_template for template in client.get_retention_metadata().templates][0] == "latestPushedK"
everything = [RetentionSelector(kind="doublestar", decoration="matches", pattern="**", extras='{"untagged":true}')]
repositories = [RetentionSelector(kind="doublestar", decoration="repoMatches", pattern="**")]
retention = RetentionPolicy(
    algorithm="or",
    rules=[
        RetentionRule(
            action="retain",
            template="latestPushedK",
            params={"latestPushedK": 1},
            tag_selectors=everything,
            scope_selectors={"repository": repositories},
        )
    ],
    trigger=RetentionRuleTrigger(kind="Schedule", settings={"cron": "0 0 0 * * *"}),
    scope=RetentionPolicyScope(level="project", ref=client.get_project(project).project_id),
)
client.create_retention_policy(retention)
retention_id = int(client.get_project(project).metadata.retention_id)
read = client.get_retention_policy(retention_id)
assert read.rules[0].template == "latestPushedK" and read.trigger.settings == {"cron": "0 0 0 * * *"}
client.update_retention_policy(retention_id, read)
client.start_retention_execution(retention_id, dry_run=True)
for _ in range(200):
    execution = client.get_retention_executions(retention_id)[0]
    if execution.status not in ("Pending", "Running"):
        break
    time.sleep(0.1)
assert execution.status == "Success" and execution.dry_run
task = client.get_retention_tasks(retention_id, execution.id)[0]
assert (task.repository, task.total, task.retained) == ("app", 1, 1)
assert "app:v1" in client.get_retention_execution_task_log(retention_id, execution.id, task.id)
client.stop_retention_execution(retention_id, execution.id)
client.delete_retention_policy(retention_id)
assert client.get_project(project).metadata.retention_id is None
assert client.get_audit_logs()
assert client.get_project_logs(other)

# All of it goes again.
client.delete_repository(other, "copied")
assert client.get_project_deletable(other).deletable
client.delete_project(other)
client.delete_label(label.id)
client.delete_usergroup(group.id)
client.delete_user(ada.user_id)
