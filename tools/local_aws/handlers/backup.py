"""AWS Backup: backup selections."""

from typing import Any

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import Answer, ServiceResource


def _selection_made(answer: Answer, _resource: Resource) -> Made:
    plan, selection = answer["BackupPlanId"], answer["SelectionId"]
    identifier = f"{selection}_{plan}"
    return Made(identifier=identifier, attributes={"Id": identifier, "SelectionId": selection, "BackupPlanId": plan})


def _selection_key(identifier: str, properties: Properties) -> dict[str, Any]:
    return {"BackupPlanId": properties["BackupPlanId"], "SelectionId": identifier.split("_", 1)[0]}


HANDLERS: dict[str, Handler] = {
    "AWS::Backup::BackupSelection": ServiceResource(
        service="backup", create="create_backup_selection", delete="delete_backup_selection", made=_selection_made, key=_selection_key
    ).handler(),
}
